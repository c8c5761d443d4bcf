"""When a key was last used is known from a note now and then; on both engines."""

from app.access import clients
from tests.deployment import Deployment
from tests.deployment.facts import IT, minutes


def _noted(deployment: Deployment, *key_ids: str) -> None:
    with deployment.store.writing() as uow:
        clients.note_uses(uow, key_ids, now=deployment.clock.now())


def test_the_last_note_counts_and_a_key_without_one_was_never_used(deployment: Deployment):
    with deployment.store.writing() as uow:
        issued = clients.add_client(uow, "天猫", scope="intake", drill=False, by=IT, now=deployment.clock.now())
        spare = clients.rotate_key(uow, "天猫", by=IT, now=deployment.clock.now())
    _noted(deployment, issued.key_id)
    deployment.clock.at += minutes(7)
    _noted(deployment, issued.key_id, "another")
    with deployment.store.reading() as uow:
        uses = uow.access.uses([issued.key_id, spare.key_id])
        deeds = uow.audit.of(issued.client_id)
    assert uses == {issued.key_id: deployment.clock.now()}
    assert [deed.action for deed in deeds] == ["client.add", "client.rotate"]  # a use is nobody's deed
