"""A storefront key is 256 random bits, of which only a hash is kept."""

import base64
import hashlib

from app.access.clients import add_client, rotate_key
from tests.deployment import Deployment
from tests.deployment.facts import IT, TEN


def test_a_key_is_256_random_bits_and_only_its_hash_is_stored(on_sqlite: Deployment):
    with on_sqlite.store.writing() as uow:
        first = add_client(uow, "天猫", scope="intake", drill=False, by=IT, now=TEN)
        client = uow.access.client_named("天猫")
        assert client is not None
        second = rotate_key(uow, client.name, by=IT, now=TEN)
    secrets = [issued.key.split("_", 2)[2] for issued in (first, second)]
    assert [len(base64.urlsafe_b64decode(f"{secret}=")) for secret in secrets] == [32, 32]
    assert len(set(secrets)) == 2
    with on_sqlite.store.reading() as uow:
        rows = uow.access.keys_of(client.id)
    assert {bytes(row.secret_sha256) for row in rows} == {hashlib.sha256(one.encode()).digest() for one in secrets}
