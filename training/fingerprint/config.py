"""What a fingerprint training can be told."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from ...encoders.config import build_config
from ...encoders.fingerprint.config import PRESETS as NETWORKS
from ...encoders.fingerprint.config import FingerprintConfig
from ...errors import UsageError
from ..checks import Checked
from ..network_settings import network_settings
from ..waveform_config import PRECISIONS

SYNTHETIC = "synthetic"
AUTO = "auto"
NONE = "none"
FRESH, SHIPPED = "fresh", "shipped"
CHOICES = {
    "network": tuple(NETWORKS),
    "loss": ("ntxent-sum", "ntxent", "triplet"),
    "chain": ("phone", "nafp", "pfann"),
    "optimizer": ("Adam", "AdamW", "LAMB", "LAMB-pfann"),
    "schedule": ("cosine", "restarts", "none"),
    "precision": (AUTO, *PRECISIONS),
}
"""What a setting may be, for those that are one of a few."""


@dataclass(frozen=True)
class FingerprintTraining(Checked):
    """Neural audio fingerprints (Chang et al., 2021), their descendant pfann, and small ones for CPUs.

    Examples. batch_size: segments of a step, anchors and replicas together, as published; replicas: of each anchor, 1
    but for the triplet loss. anchors_per_clip: segments of a clip and epoch, each another one, all of them where it has
    no more, or where this is 0. offset_s: an anchor begins within +- offset_s of its place on the grid of the encoder's
    hop, a replica within +- offset_s of the anchor.

    Replicas. chain: "phone" (a room, noise, a voice, a band, overload, a codec), "nafp" (noise at 0 to 10 dB, 75 ms of
    a room) or "pfann" (noise at 0 to 10 dB, a room, a microphone). noise, rooms, speech: what from: folders of audio,
    stores (of which test clips are left out), `synthetic`, several with commas between, or `none`, which "phone" needs
    not to be of noise and rooms; "phone" alone takes speech. microphones: their responses, as published not synthetic;
    "pfann" alone takes them. synthetic: how many such noises and rooms, and four times fewer voices. snr_db: "LOW,HIGH"
    of the noise, where it is to be other than the chain's own. context_s: what a room hears before a segment. masks:
    kinds of audio.augment.spectral, with commas, over anchors and replicas; masks_shared: the same ones for a batch, as
    NAFP has it.

    Method. network: a preset of the encoder; network_settings: what is to be other in it, as in "norm=batch
    activation=relu" (FingerprintConfig); dim: of its vectors, 0 for the preset's. start: its first weights, "fresh"
    ones, those "shipped" with the package, run:NAME for those of a finished run, or a checkpoint. loss: "ntxent-sum" is
    NAFP's, the sum of two means, "ntxent" pfann's, the mean, each at `temperature`; "triplet" is semi-hard, with
    `margin`. optimizer: LAMB as NAFP takes it, or as pfann does; schedule: over all steps, "cosine" to alpha times
    learning_rate, "restarts" begins anew after a tenth of them, then twice as many, and so on.

    Running. max_epochs: how often the train clips are gone through; 0 for as often as makes about max_steps batches,
    with fewer anchors of a clip where one epoch would be more than half of them. workers: processes that read audio;
    precision: of Lightning's trainer, `auto` for bf16-mixed where the machine computes in it, else 32-true; accumulate:
    batches to one step of the optimiser; devices: processes, one a GPU (or each with its share of the CPU's cores),
    each with batches of batch_size; gather_negatives: told from the segments of all processes.

    monitor_clips: how many clips, none of them a teacher, are measured on after every epoch: the valid loss, alignment
    and uniformity, and a search for each of their first monitor_segments among all of them. monitor_layers: search by
    what is divided and encoded as well, as published: f(.) and L2(f(.)).
    """

    network: str = "small"
    network_settings: str = ""
    dim: int = 0
    start: str = FRESH
    batch_size: int = 160
    max_epochs: int = 0
    max_steps: int = 6_000
    anchors_per_clip: int = 40
    replicas: int = 1
    offset_s: float = 0.2
    chain: str = "phone"
    noise: str = SYNTHETIC
    rooms: str = SYNTHETIC
    speech: str = SYNTHETIC
    microphones: str = NONE
    snr_db: str = ""
    synthetic: int = 256
    context_s: float = 0.5
    masks: str = "cutout,horizontal"
    masks_shared: bool = False
    loss: str = "ntxent-sum"
    temperature: float = 0.05
    margin: float = 0.4
    optimizer: str = "AdamW"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    schedule: str = "cosine"
    alpha: float = 1e-6
    seed: int = 42
    workers: int = 0
    precision: str = AUTO
    accumulate: int = 1
    devices: int = 1
    gather_negatives: bool = False
    monitor_clips: int = 64
    monitor_segments: int = 30
    monitor_layers: bool = False

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise UsageError(f"{name} is {getattr(self, name)!r}; there is {', '.join(known)}")
        self.check_least(
            1, "batch_size", "max_steps", "replicas", "accumulate", "monitor_segments", "synthetic", "devices"
        )
        self.check_least(0, "dim", "anchors_per_clip", "offset_s", "context_s", "weight_decay", "alpha", "margin")
        self.check_least(0, "seed", "workers", "max_epochs")
        self.check_least(2, "monitor_clips")
        self.check_positive("temperature", "learning_rate")
        if self.batch_size % (1 + self.replicas) or self.anchors < 2:
            raise UsageError(
                f"batch_size is {self.batch_size}; it must be a multiple of 1 + replicas = {1 + self.replicas}, "
                "with two anchors at the least"
            )
        if self.replicas > 1 and self.loss != "triplet":
            raise UsageError(f"replicas is {self.replicas}; the loss {self.loss} takes one of each anchor")
        self._check_chain()
        _ = self.encoder  # raises for a dim that does not go

    def _check_chain(self) -> None:
        if self.chain == "phone" and NONE in (self.noise, self.rooms):
            raise UsageError("the chain phone needs noise and rooms; give both, or take chain=nafp or chain=pfann")
        if self.microphones != NONE and (self.chain != "pfann" or self.microphones == SYNTHETIC):
            raise UsageError(
                f"microphones is {self.microphones!r}; only the chain pfann takes them, and only recorded ones"
            )
        if self.speech not in (SYNTHETIC, NONE) and self.chain != "phone":
            raise UsageError(f"speech is {self.speech!r}; only the chain phone takes voices")
        _ = self.snr_range_db  # raises for what is none

    def epochs(self, batches: int) -> int:
        """Return how many epochs of so many batches there are."""
        return self.max_epochs or max(1, round(self.max_steps / batches))

    @property
    def anchors(self) -> int:
        """Anchors of a batch."""
        return self.batch_size // (1 + self.replicas)

    @property
    def compared(self) -> int:
        """How many anchors of a step are told from each other."""
        return self.anchors * (self.devices if self.gather_negatives else 1)

    @property
    def encoder(self) -> FingerprintConfig:
        """The configuration of the encoder that is trained."""
        values = asdict(NETWORKS[self.network]) | network_settings(self.network_settings, FingerprintConfig)
        return build_config(FingerprintConfig, values | ({"dim": self.dim} if self.dim else {}))

    @property
    def snr_range_db(self) -> tuple[float, float] | None:
        """Lowest and highest ratio of signal to noise, None for what the chain has."""
        if not self.snr_db:
            return None
        try:
            low, high = map(float, self.snr_db.split(","))
        except ValueError:
            low, high = 1.0, 0.0
        if not -math.inf < low <= high < math.inf:
            raise UsageError(f"snr_db is {self.snr_db!r}; it must be LOW,HIGH in dB, as in -2,15")
        return low, high

    @property
    def context_samples(self) -> int:
        """What is read before a segment, at the encoder's rate."""
        return round(self.context_s * self.encoder.sample_rate_hz)

    @property
    def offset_samples(self) -> int:
        """The largest offset, at the encoder's rate."""
        return round(self.offset_s * self.encoder.sample_rate_hz)


_NAFP = FingerprintTraining(
    network="nafp",
    batch_size=120,
    max_epochs=100,
    anchors_per_clip=0,
    chain="nafp",
    context_s=0.0,
    masks_shared=True,
    optimizer="Adam",
    learning_rate=1e-4,
    weight_decay=0.0,
    precision="32-true",
    monitor_layers=True,
)

_LAMB = replace(_NAFP, batch_size=640, optimizer="LAMB", weight_decay=1e-6)

PRESETS = {
    "default": FingerprintTraining(),
    "fingerprint-small": FingerprintTraining(batch_size=320, max_steps=12_000),
    "own-collection": FingerprintTraining(start=SHIPPED, batch_size=320, max_steps=1_000, learning_rate=1e-4),
    "published": _NAFP,
    "640_lamb": _LAMB,
    "now_playing": replace(_NAFP, batch_size=320, replicas=4, loss="triplet"),
    "pfann": replace(
        _NAFP,
        network="pfann",
        batch_size=640,
        chain="pfann",
        context_s=1.0,
        masks="rectangle,frequencies,times",
        masks_shared=False,
        loss="ntxent",
        alpha=1e-3,
        monitor_layers=False,
    ),
}
"""`default`: a network of 0.7 million parameters, for CPUs; `fingerprint-small`: the same for twice as long, with twice
as many segments to tell apart; `own-collection`: from the shipped weights on, to know one collection better.
`published`: NAFP as its default file has it, but at the paper's temperature; `640_lamb`, `now_playing`: its two others;
`pfann`: that program's default.
"""
