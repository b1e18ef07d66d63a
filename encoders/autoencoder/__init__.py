"""The autoencoder of the da-TACOS study: 52 features of a recording to 20 numbers, and back.

Reading order: `network` (the published classes), `encoder` (as an encoder of a store).
"""

from .encoder import Autoencoder as Autoencoder
from .network import AutoEncoder as AutoEncoder
from .network import AutoEncoderModel as AutoEncoderModel
from .network import Decoder as Decoder
from .network import Encoder as Encoder
