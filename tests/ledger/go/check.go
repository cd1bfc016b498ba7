// Check opens an exported Strongroom ledger with Go's own transparency-log
// packages, which share no line with Strongroom.
//
//	check EXPORT KEY                              every entry against the tiles
//	check EXPORT KEY proof PROOF INDEX            one entry's proof file
//	check EXPORT KEY growth CHECKPOINT PROOF      growth from an older checkpoint
//	check EXPORT KEY witness CHECKPOINT WITNESS   a witness's cosignature
//
// PROOF of growth is one base64 hash a line. In the last three modes every single
// flipped bit of the proof must be refused as well. The exit status is 0 only if
// everything holds.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 && len(args) != 5 {
		return errors.New("usage: check EXPORT KEY [proof FILE INDEX | growth FILE FILE | witness FILE KEY]")
	}
	folder, key := args[0], args[1]
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(data, key)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 2:
		return checkExport(folder, tree)
	case args[2] == "proof":
		return checkProof(folder, tree, key, args[3], args[4])
	case args[2] == "growth":
		return checkGrowth(folder, tree, key, args[3], args[4])
	case args[2] == "witness":
		return checkWitness(key, args[3], args[4])
	}
	return fmt.Errorf("unknown mode %q", args[2])
}

// open verifies a signed note and parses the checkpoint in it.
func open(data []byte, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("the note is not a checkpoint of this ledger")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads hash tiles from an export; tlog authenticates what it returns.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		// Go's paths name the height of the tile, those of C2SP leave it out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		read[i] = data
	}
	return read, nil
}

// checkExport compares every entry with the tiles and proves some of them.
func checkExport(folder string, tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, tiles{folder})
	for start := int64(0); start < tree.N; start += 1 << height {
		entries, err := bundle(folder, tree.N, start)
		if err != nil {
			return err
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[i] {
				return fmt.Errorf("entry %d is not what the tiles say", start+int64(i))
			}
		}
		if _, err := tlog.ProveRecord(tree.N, start, reader); err != nil {
			return err
		}
	}
	fmt.Printf("%d entries under root %v\n", tree.N, tree.Hash)
	return nil
}

// bundle returns the up to 256 entries from start on.
func bundle(folder string, size, start int64) ([][]byte, error) {
	width := size - start
	if width > 1<<height {
		width = 1 << height
	}
	tile := tlog.Tile{H: height, L: 0, N: start >> height, W: int(width)}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) >= 2 {
		length := 2 + int(binary.BigEndian.Uint16(data))
		if length > len(data) {
			return nil, errors.New("an entry is cut off")
		}
		entries = append(entries, data[2:length])
		data = data[length:]
	}
	if len(data) != 0 || int64(len(entries)) != width {
		return nil, errors.New("a bundle has another number of entries")
	}
	return entries, nil
}

func checkProof(folder string, tree tlog.Tree, key, file, number string) error {
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, checkpoint, _ := strings.Cut(string(data), "\n\n")
	proven, err := open([]byte(checkpoint), key)
	if err != nil {
		return err
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != "index "+number {
		return errors.New("it is no proof file of this entry")
	}
	hashes, err := parse(lines[2:])
	if err != nil {
		return err
	}
	entries, err := bundle(folder, tree.N, index>>height<<height)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(entries[index%(1<<height)])
	return onlyWhole(append(hashes, leaf, proven.Hash), func(h []tlog.Hash) error {
		n := len(h) - 2
		return tlog.CheckRecord(tlog.RecordProof(h[:n]), proven.N, h[n+1], index, h[n])
	})
}

func checkGrowth(folder string, tree tlog.Tree, key, older, file string) error {
	data, err := os.ReadFile(older)
	if err != nil {
		return err
	}
	before, err := open(data, key)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	hashes, err := parse(strings.Fields(string(text)))
	if err != nil {
		return err
	}
	return onlyWhole(append(hashes, before.Hash, tree.Hash), func(h []tlog.Hash) error {
		n := len(h) - 2
		return tlog.CheckTree(tlog.TreeProof(h[:n]), tree.N, h[n+1], before.N, h[n])
	})
}

// witness verifies cosignatures, which Go's package does not know.
type witness struct {
	name   string
	hash   uint32
	public ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, text)
	return seconds < 1<<63 && ed25519.Verify(w.public, []byte(message), signature[8:])
}

func newWitness(key string) (note.Verifier, error) {
	parts := strings.SplitN(key, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("the witness's key has another form")
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != 4 {
		return nil, errors.New("the witness's key is none for cosignatures")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), data...))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("the witness's key has another hash")
	}
	return witness{parts[0], hash, ed25519.PublicKey(data[1:])}, nil
}

// checkWitness opens a note with both keys; no changed bit of it may pass.
func checkWitness(key, file, witnessKey string) error {
	log, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	cosigner, err := newWitness(witnessKey)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	signed := func(data []byte) (string, error) {
		opened, err := note.Open(data, note.VerifierList(log, cosigner))
		if err != nil {
			return "", err
		}
		if len(opened.Sigs) != 2 {
			return "", errors.New("the note is not signed by both")
		}
		said := opened.Text
		for _, signature := range opened.Sigs {
			raw, _ := base64.StdEncoding.DecodeString(signature.Base64)
			said += string(raw)
		}
		return said, nil
	}
	said, err := signed(data)
	if err != nil {
		return err
	}
	for bit := 0; bit < 8*len(data); bit++ {
		data[bit/8] ^= 1 << (bit % 8)
		// Go ignores stray bits of base64; then it says the same as before.
		if again, err := signed(data); err == nil && again != said {
			return fmt.Errorf("bit %d of the note may be flipped", bit)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
	fmt.Printf("cosigned, and %d flipped bits are refused\n", 8*len(data))
	return nil
}

func parse(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) != tlog.HashSize {
			return nil, errors.New("a line of the proof is no hash")
		}
		copy(hashes[i][:], data)
	}
	return hashes, nil
}

// onlyWhole checks the hashes, and that no change of one bit passes.
func onlyWhole(hashes []tlog.Hash, check func([]tlog.Hash) error) error {
	if err := check(hashes); err != nil {
		return err
	}
	refused := 0
	for i := range hashes {
		for bit := 0; bit < 8*tlog.HashSize; bit++ {
			hashes[i][bit/8] ^= 1 << (bit % 8)
			if check(hashes) == nil {
				return fmt.Errorf("bit %d of hash %d may be flipped", bit, i)
			}
			hashes[i][bit/8] ^= 1 << (bit % 8)
			refused++
		}
	}
	fmt.Printf("holds, and %d flipped bits are refused\n", refused)
	return nil
}
