// Outsider checks an exported ledger with Go's own transparency-log packages:
// the signature of the checkpoint, and every entry against the signed root.
//
//	outsider EXPORT KEY
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type tiles string

func (t tiles) Height() int                      { return height }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(t), path))
		if err != nil {
			return nil, err
		}
		read[i] = data
	}
	return read, nil
}

func main() {
	folder, key := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(key)
	must(err)
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	must(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles(folder))
	for start := int64(0); start < size; start += 1 << height {
		checkBundle(folder, reader, start, min(size-start, 1<<height))
	}
	fmt.Printf("%d entries under root %v\n", size, root)
}

// checkBundle compares the entries of one bundle with the authenticated hashes.
func checkBundle(folder string, reader tlog.HashReader, start, width int64) {
	tile := tlog.Tile{H: height, L: 0, N: start >> height, W: int(width)}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, path))
	must(err)
	for i := start; i < start+width; i++ {
		length := 2 + int(binary.BigEndian.Uint16(data))
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		must(err)
		if tlog.RecordHash(data[2:length]) != hashes[0] {
			must(fmt.Errorf("entry %d is not what was signed", i))
		}
		data = data[length:]
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
