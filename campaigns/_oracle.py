"""Holds tensors that came out of intake against what the libraries of others load.

Only what is known to be benign is loaded here.
"""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Iterator, Mapping
from hashlib import sha256

import safetensors
import safetensors.torch
import torch


def lost_in(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """Return how many tensors did not come out as they were; nothing if all did.

    Names may have changed, so that a tensor is known by its bytes.  A file that torch
    does not load either is left out.

    Args:
        before: Path and content of each file that went in.
        after: Of each that came out.
    """
    wanted = {digest for data in before.values() for digest in _torch(data)}
    for path, data in before.items():
        if path.endswith(".safetensors"):
            wanted.update(_safetensors(data))
    kept = {
        digest
        for path, data in after.items()
        if path.endswith(".safetensors")
        for digest in _safetensors(data)
    }
    lost = len(wanted - kept)
    return f"{lost} of {len(wanted)} tensors came out otherwise" if lost else ""


def _torch(data: bytes) -> Iterator[bytes]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what torch gives up
            loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, IndexError, ValueError, pickle.UnpicklingError):
        return  # no checkpoint, or one that only its own code loads
    waiting = [loaded]
    while waiting:
        one = waiting.pop()
        if isinstance(one, torch.Tensor):
            yield from map(_digest, _parts(one))
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            waiting.extend(one)


def _parts(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return the plain tensors that one is made of: itself, in most cases."""
    if tensor.is_nested:
        return (tensor.values(),)
    if tensor.layout == torch.sparse_coo:
        whole = tensor.coalesce()
        return whole.indices(), whole.values()
    if tensor.layout in {torch.sparse_csr, torch.sparse_bsr}:
        return tensor.crow_indices(), tensor.col_indices(), tensor.values()
    if tensor.layout in {torch.sparse_csc, torch.sparse_bsc}:
        return tensor.ccol_indices(), tensor.row_indices(), tensor.values()
    if tensor.is_quantized:
        return (tensor.int_repr(),)
    plain = tensor.conj() if tensor.is_conj() else tensor
    return (torch._neg_view(plain) if plain.is_neg() else plain,)  # noqa: SLF001


def _safetensors(data: bytes) -> Iterator[bytes]:
    try:
        loaded = safetensors.torch.load(data)
    except safetensors.SafetensorError:
        return  # ours reads some that the library does not
    yield from map(_digest, loaded.values())


def _digest(tensor: torch.Tensor) -> bytes:
    plain = tensor.detach().contiguous().reshape(-1)
    return sha256(plain.view(torch.uint8).numpy().tobytes()).digest()
