"""The list of all mutations, in the order of the rings."""

from tests.mutations.of_desk import DESK
from tests.mutations.of_domain import DOMAIN
from tests.mutations.of_faces import FACES
from tests.mutations.of_store import STORE, WEBHOOKS

MUTATIONS = (*DOMAIN, *DESK, *STORE, *WEBHOOKS, *FACES)
