import pytest

from tests.support.signers import SignerConformance
from wallet_service.keystore import CURVE_ORDER, address_of_secret, new_secret
from wallet_service.signing.local import LocalSigner
from wallet_service.signing.protocol import Signer


class TestLocalSigner(SignerConformance):
    @pytest.fixture
    def signer(self) -> Signer:
        return LocalSigner(new_secret())

    @pytest.fixture
    def other(self) -> Signer:
        return LocalSigner(new_secret())

    def test_signing_is_deterministic(self, signer: Signer) -> None:
        assert signer.sign(b"\7" * 32) == signer.sign(b"\7" * 32)


@pytest.mark.parametrize(
    ("secret", "address"),
    [
        # Addresses of the private keys 1, 2 and n - 1, known since the curve is in use.
        (1, "7e5f4552091a69125d5dfcb7b8c2659029395bdf"),
        (2, "2b5ad5c4795c026514f8317c7a215e218dccd6cf"),
        (CURVE_ORDER - 1, "80c0dbf239224071c59dd8970ab9d542e3414ab2"),
    ],
)
def test_addresses_are_the_known_ones(secret: int, address: str) -> None:
    assert address_of_secret(secret.to_bytes(32, "big")).hex() == address
