"""Files that hold more than weights are refused, or salvaged without what runs."""

from __future__ import annotations

import argparse
import io
import os
import pathlib
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from strongroom.client.checkpoints import Remnant
from strongroom.intake.findings import Level, RefusedError
from strongroom.intake.formats import torch_zip
from strongroom.intake.rewriting import Options, Rewrite, Rewritten, Workplace
from strongroom.intake.sources import Source
from tests.intake.formats.checkpoints import (
    READERS,
    Forged,
    Made,
    read,
    saved,
    tensor,
    together,
)
from tests.intake.hostile import rewritten
from tests.intake.places import source_of, workplace_in

W = {"w": tensor()}
STORAGES = {"0": bytes(16)}


def salvaged(data: bytes, *, is_zip: bool = True) -> tuple[Rewritten, dict[str, bytes]]:
    """Return what comes out with salvage."""

    def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
        del options
        reader: Rewrite = READERS[is_zip]
        return reader(source, workplace, Options(salvage=True))

    return rewritten(rewrite, data, "model.pt")


def refusal(data: bytes) -> RefusedError:
    """Return why a file is refused."""
    with pytest.raises(RefusedError) as refused:
        read(data)
    return refused.value


def test_the_file_that_transformers_looks_for_has_the_name_it_looks_for() -> None:
    result, _ = read(saved({"w": torch.ones(2)}), path="a/pytorch_model.bin")
    assert result.outputs == ("a/model.safetensors",)


def test_that_name_is_not_taken_from_a_file_that_has_it(tmp_path: Path) -> None:
    workplace = workplace_in(tmp_path)
    workplace.create("model.safetensors").close()
    source = source_of(tmp_path / "pytorch_model.bin", saved({"w": torch.ones(2)}))
    result = torch_zip.rewrite(source, workplace, Options())
    assert result.outputs == ("pytorch_model.safetensors",)


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of sources
@pytest.mark.parametrize("is_zip", [True, False])
def test_a_whole_module_is_refused_and_its_weights_can_be_salvaged(
    is_zip: bool,
) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3))
    data = saved(module, is_zip=is_zip)
    with pytest.raises(RefusedError, match=r"torch.nn.modules.container.Sequential"):
        read(data, is_zip=is_zip)
    result, files = salvaged(data, is_zip=is_zip)
    (name,) = (n for n in load(files["model.safetensors"]) if n.endswith("weight"))
    assert torch.equal(load(files["model.safetensors"])[name], module[0].weight)
    assert [f.level for f in result.findings] == [Level.WARNING]


def test_a_namespace_is_refused_and_salvaged_as_a_stub() -> None:
    data = saved({"args": argparse.Namespace(lr=3), "w": torch.ones(2)})
    assert refusal(data).rule == "pickle/global"
    _, files = salvaged(data)
    found = together(files)["args"]
    assert isinstance(found, Remnant)
    assert found.value == "argparse.Namespace"
    assert found.parts["state"] == {"lr": 3}


def test_a_class_as_a_key_is_salvaged_as_a_stub() -> None:
    """Checkpoints of Stable Diffusion name their callbacks so."""
    _, files = salvaged(saved({"callbacks": {argparse.Namespace: {"best": 3}}}))
    ((key, value),) = together(files)["callbacks"].items()
    assert (key.value, value) == ("argparse.Namespace", {"best": 3})


def test_a_call_is_never_more_than_a_record() -> None:
    data = Forged(
        {"w": tensor(), "x": Made(os.system, ("id",))}, {"0": bytes(16)}
    ).zip()
    error = refusal(data)
    assert (error.rule, "'posix.system'" in str(error)) == ("pickle/global", True)
    _, files = salvaged(data)
    assert together(files)["x"].parts["arguments"] == ("id",)


def test_every_unknown_name_is_in_the_message() -> None:
    data = saved({"a": argparse.Namespace(), "b": pathlib.PurePosixPath("/x")})
    assert "argparse.Namespace" in str(refusal(data))
    assert "pathlib.PurePosixPath" in str(refusal(data))


def test_many_views_of_one_storage_do_not_fill_the_disk() -> None:
    count = 1 << 20
    views = [tensor((count - n,), (1,), n, count=count) for n in range(60)]
    assert refusal(Forged(views, {"0": bytes(4 * count)}).zip()).rule == "torch/size"


def test_a_number_that_is_a_terabyte_when_written_out_is_refused() -> None:
    data = Forged(tensor((1 << 40,), (0,)), {"0": bytes(16)}).zip()
    assert refusal(data).rule == "torch/size"


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_script_is_refused_with_what_to_do() -> None:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    error = refusal(buffer.getvalue())
    assert error.rule == "torch/script"
    assert "state_dict" in error.hint


MEMBERS = {
    "code": ("torch/script", Forged(W, STORAGES, {"code/a.py": b"x"}).zip),
    "a_library": ("torch/member", Forged(W, STORAGES, {"evil.so": b"x"}).zip),
    "a_folder_of_storages": (
        "torch/member",
        Forged(W, STORAGES, {"data/a/b": b""}).zip,
    ),
    "two_pickles": ("torch/member", Forged(W, STORAGES, {"data/data.pkl": b"N."}).zip),
    "a_long_note": ("torch/member", Forged(W, STORAGES, {"version": b"3" * 999}).zip),
    "another_version": ("torch/member", Forged(W, STORAGES, {"version": b"x"}).zip),
    "big_endian": ("torch/byteorder", Forged(W, STORAGES, {"byteorder": b"big"}).zip),
}


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_no_checkpoint_has_is_refused(name: str) -> None:
    rule, make = MEMBERS[name]
    assert refusal(make()).rule == rule


def test_bytes_behind_the_pickle_are_refused() -> None:
    """A second pickle hides there in some samples."""
    forged = Forged(W, STORAGES)
    data = forged.pickle() + b"cos\nsystem\n(S'id'\ntR."
    forged.pickle = lambda: data  # type: ignore[method-assign]  # the attacker's
    assert refusal(forged.zip()).rule == "torch/member"


def test_a_zip_file_without_a_pickle_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m/data/0", b"")
    assert refusal(buffer.getvalue()).rule == "torch/member"


def test_cve_2025_32434_a_tar_file_under_the_name_of_a_checkpoint_is_refused() -> None:
    """``torch.load(weights_only=True)`` unpickled what lay in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            info = tarfile.TarInfo(name)
            info.size = 20
            archive.addfile(info, io.BytesIO(b"cos\nsystem\n(S'i'\ntR."))
    for is_zip in (True, False):
        with pytest.raises(RefusedError):
            read(buffer.getvalue(), is_zip=is_zip)


def test_cve_2025_1889_a_second_pickle_under_another_ending_is_refused() -> None:
    data = Forged(W, STORAGES, {"config.p": b"cos\nsystem\n(S'id'\ntR."}).zip()
    assert refusal(data).rule == "torch/member"


def test_many_strided_tensors_need_few_open_files(tmp_path: Path) -> None:
    """Each had a file of its own, and the sandbox allows 256."""
    state = {str(n): torch.ones(3, 2).t() for n in range(300)}
    source = source_of(tmp_path / "in.pt", saved(state))
    before = len(os.listdir("/proc/self/fd"))
    workplace = workplace_in(tmp_path)
    torch_zip.rewrite(source, workplace, Options())
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_a_refusal_leaves_no_file_behind(tmp_path: Path) -> None:
    workplace = workplace_in(tmp_path)
    deep: list[object] = []
    for _ in range(40):
        deep = [deep]
    source = source_of(tmp_path / "in", saved({"w": torch.ones(2), "x": deep}))
    with pytest.raises(RefusedError):
        torch_zip.rewrite(source, workplace, Options())
    assert workplace.names == ()


def test_a_zip_reader_refuses_what_is_no_zip_file() -> None:
    with pytest.raises(RefusedError):
        rewritten(torch_zip.rewrite, b"N.", "model.pt")
