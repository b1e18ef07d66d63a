"""Downloads from loopback into the folder of a data set: the whole of it, the rest of it, nothing twice."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from echodex.errors import BadInput, NotFound, Unavailable, UsageError
from echodex.progress import Progress, silent
from echodex.store.datasets.base import Dataset
from echodex.store.datasets.esc50 import Esc50
from echodex.store.datasets.fetch import fetch
from echodex.store.datasets.gtzan import Gtzan
from echodex.store.datasets.magnatagatune import MagnaTagATune
from echodex.store.datasets.million_song import MillionSong
from echodex.store.datasets.prepare import prepare
from echodex.store.datasets.registry import BUILT_IN, build, dataset_names
from echodex.store.datasets.spoken_digit import SpokenDigit
from tests.store.datasets.loopback import Server
from tests.store.datasets.miniature import magnatagatune, put, sound, tarred, zipped


def get(dataset: Dataset, root: Path, server: Server, progress: Progress = silent) -> None:
    fetch(dataset, root, mirror=server.url, progress=progress, pause_s=0.0)


@pytest.fixture
def mtt(server: Server) -> Server:
    copy = magnatagatune()
    server.files |= copy.lists | copy.arrays | copy.parts
    return server


@pytest.mark.parametrize(("split", "lists", "clips"), [("pons2017", 4, 6), ("12-1-3", 5, 5)])
def test_magnatagatune_comes_whole_and_once(split: str, lists: int, clips: int, mtt: Server, tmp_path: Path) -> None:
    dataset = MagnaTagATune(split)
    get(dataset, tmp_path, mtt)
    assert len(mtt.asked) == lists + 3
    listing = dataset.listing(tmp_path)
    assert (len(listing.sources), listing.missing) == (clips, ())
    for source in listing.sources:
        path = Path(source.path)
        assert path.read_bytes() == magnatagatune().audio["/".join(path.parts[-2:])]
    mtt.asked.clear()
    get(dataset, tmp_path, mtt)
    assert mtt.asked == []
    for archive in (tmp_path / "downloads").glob("mp3.zip.00?"):
        archive.unlink()
    get(dataset, tmp_path, mtt)
    assert mtt.asked == []


def test_lists_alone_are_fetched_where_the_audio_is_there(mtt: Server, tmp_path: Path) -> None:
    put(tmp_path, magnatagatune().audio)
    put(tmp_path, {"index_mtt.tsv": magnatagatune().lists["index_mtt.tsv"]})
    get(MagnaTagATune(), tmp_path, mtt)
    assert {name for name, _ in mtt.asked} == {"train_gt_mtt.tsv", "val_gt_mtt.tsv", "test_gt_mtt.tsv"}
    assert MagnaTagATune().listing(tmp_path).missing == ()


def test_a_broken_connection_is_continued(mtt: Server, tmp_path: Path) -> None:
    whole = len(mtt.files["mp3.zip.001"])
    mtt.drop_after = [10**9] * 4 + [100]
    get(MagnaTagATune(), tmp_path, mtt)
    assert ("mp3.zip.001", "bytes=100-") in mtt.asked
    assert (tmp_path / "downloads/mp3.zip.001").stat().st_size == whole
    assert MagnaTagATune().listing(tmp_path).missing == ()


@pytest.mark.parametrize("during", ["download", "unpack"])
def test_interrupted_anywhere_it_goes_on(during: str, mtt: Server, tmp_path: Path) -> None:
    steps: list[str] = []

    def interrupt(stage: str, done: int, total: int | None) -> None:
        steps.append(stage)
        if stage == during and steps.count(during) == (6 if during == "download" else 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(MagnaTagATune(), tmp_path, mtt, interrupt)
    asked = len(mtt.asked)
    get(MagnaTagATune(), tmp_path, mtt)
    assert MagnaTagATune().listing(tmp_path).missing == ()
    assert len(mtt.asked) == (7 + 1 if during == "download" else asked)


def test_two_at_once_fetch_once(mtt: Server, tmp_path: Path) -> None:
    threads = [threading.Thread(target=get, args=(MagnaTagATune(), tmp_path, mtt)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mtt.asked) == 7
    assert MagnaTagATune().listing(tmp_path).missing == ()


def test_a_checksum_that_is_known_is_kept_to(server: Server, tmp_path: Path) -> None:
    server.files["genres.tar.gz"] = tarred({"genres/blues/blues.00000.wav": b"x"})
    with pytest.raises(BadInput, match=r"genres\.tar\.gz has sha256 .*, not 24347e0223d2ba79.*; it was removed"):
        get(Gtzan(), tmp_path, server)
    assert not list(tmp_path.rglob("*.wav"))


def test_archives_of_repositories(server: Server, tmp_path: Path) -> None:
    esc50 = "filename,fold,target,category,esc10,src_file,take\n1-1-A-0.wav,1,0,dog,True,1,A\n"
    server.files["master.zip"] = zipped(
        {"ESC-50-master/meta/esc50.csv": esc50.encode(), "ESC-50-master/audio/1-1-A-0.wav": sound(1)}
    )
    server.files["v1.0.10.zip"] = zipped({"free-spoken-digit-dataset-1.0.10/recordings/7_theo_4.wav": sound(2)})
    datasets: tuple[Dataset, ...] = (Esc50(), SpokenDigit())
    for dataset in datasets:
        get(dataset, tmp_path, server)
        assert len(dataset.listing(tmp_path).sources) == 1


def test_what_a_server_has_not_is_said(server: Server, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"/copy/train_gt_mtt\.tsv cannot be downloaded: 404"):
        get(MagnaTagATune(), tmp_path, server)
    with pytest.raises(UsageError, match="mirror 'somewhere' is not a URL"):
        fetch(MagnaTagATune(), tmp_path, mirror="somewhere", progress=silent)
    with pytest.raises(Unavailable, match="million_song cannot be downloaded by anyone; put its files below"):
        get(MillionSong(), tmp_path, server)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_data_set_is_found_by_name_and_fetched_from_the_web(name: str) -> None:
    dataset = build(name, {})
    assert dataset.name == name
    for download in dataset.downloads:
        assert all(url.startswith(("http://", "https://")) for url in download.urls)


def test_names_and_settings_are_checked(tmp_path: Path) -> None:
    assert set(BUILT_IN) <= set(dataset_names())
    with pytest.raises(NotFound, match=r"'magnatagtune' does not exist; did you mean 'magnatagatune'\? \(known: clews"):
        prepare("magnatagtune", tmp_path)
    for former, command in (("msd", "`echodex add --dataset million_song --root DIR`"), ("audio", "`echodex add DIR`")):
        with pytest.raises(NotFound, match=command):
            prepare(former, tmp_path)
    with pytest.raises(BadInput, match="has no setting 'fold'; it has test_fold"):
        prepare("esc50", tmp_path, settings={"fold": 1})
    wrong: dict[str, Any] = {"test_fold": "first"}
    with pytest.raises(BadInput, match="test_fold must be int"):
        prepare("esc50", tmp_path, settings=wrong)


def test_a_folder_without_the_data_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere does not exist; name the one that holds esc50, or use --download"):
        prepare("esc50", tmp_path / "nowhere")
    copy = magnatagatune()
    put(tmp_path, copy.lists)
    with pytest.raises(NotFound, match=r"there is no \[0-9a-f\] in"):
        prepare("magnatagatune", tmp_path)
    put(tmp_path, {"f/other.mp3": b""})
    with pytest.raises(NotFound, match=r"none of the 6 files of magnatagatune is below .*, such as 0/some_band-song"):
        prepare("magnatagatune", tmp_path)
    put(tmp_path, copy.audio)
    assert len(prepare("magnatagatune", tmp_path).sources) == 6
    shutil.rmtree(tmp_path / "f")
    assert len(prepare("magnatagatune", tmp_path).missing) == 2
