"""What a training of the autoencoder can be told."""

from __future__ import annotations

from dataclasses import dataclass

from ...encoders.autoencoder.network import SIZES
from ...errors import UsageError
from ..checks import Checked

CORRECTED, PUBLISHED = FORMS = ("corrected", "published")


@dataclass(frozen=True)
class AutoencoderTraining(Checked):
    """An autoencoder of feature rows: Adam at learning_rate on the mean squared error, the weights of the best epoch.

    sizes: of the encoder's layers, from the length of a row to that of an embedding; the decoder mirrors them. form:
    "corrected" standardises the features inside, by the train clips, and leaves the last layers linear; "published" has
    neither (encoders/autoencoder/network.py says what that costs). shuffle: another order in every epoch; the
    published training has one order for all. The end after `stop_patience` epochs in which the valid loss fell by less
    than `stop_delta`, or `max_epochs`.
    """

    form: str = CORRECTED
    sizes: str = "-".join(map(str, SIZES))
    batch_size: int = 512
    shuffle: bool = True
    max_epochs: int = 500
    learning_rate: float = 1e-3
    stop_patience: int = 30
    stop_delta: float = 1e-3
    seed: int = 42

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise UsageError(f"form is {self.form!r}; there is {' and '.join(FORMS)}")
        self.check_least(1, "batch_size", "max_epochs", "stop_patience")
        self.check_least(0, "seed", "stop_delta")
        self.check_positive("learning_rate")
        self.layer_sizes  # noqa: B018  (raises for what is none)

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """The widths in `sizes`. Raises UsageError for what is no list of them."""
        try:
            return tuple(int(part) for part in self.sizes.split("-"))
        except ValueError:
            raise UsageError(f"sizes is {self.sizes[:80]!r}; it must be like {'-'.join(map(str, SIZES))}") from None

    def check_dim(self, dim: int) -> None:
        """Raise UsageError unless the network takes vectors of this length."""
        if self.layer_sizes[0] != dim:
            raise UsageError(f"sizes begin with {self.layer_sizes[0]}, but the vectors have {dim} dimensions")

    @property
    def corrected(self) -> bool:
        """Whether the form is the corrected one."""
        return self.form == CORRECTED


PRESETS = {
    "default": AutoencoderTraining(),
    "published": AutoencoderTraining(
        form=PUBLISHED, shuffle=False, learning_rate=1e-4, stop_patience=80, stop_delta=2.0
    ),
}
"""`published`: the study's own settings, for raw features; their loss is one of squared beats a minute, hence 2.0."""
