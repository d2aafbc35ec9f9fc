"""Elections as tutorials write them. Unsafe: they are here to show what goes wrong.

What is right about them is the rest: sessions, leases and watches are those of the real recipe.
"""

from __future__ import annotations

from protocols.etcd.contender import PREFIX, Contender
from protocols.etcd.operations import Get, GetResponse, Put, Txn, TxnResponse
from protocols.etcd.task import Changed, Do, Script

KEY = PREFIX + "/leader"


class KeyPerNode(Contender):
    """Each node puts a key of its own, and leads if that key had no value before.

    On any change under the prefix it runs again; a key that nobody else writes is always new, so that
    everybody leads. Seen in: tutorials that put `/election/<node id>` and look at the previous value.
    """

    def contend(self) -> Script:
        """Put the own key and look what was there before; again after each change."""
        key = f"{PREFIX}/{self.host.id}"
        while True:
            # A Put with PrevKv answers with what it replaced.
            put = Put(key, self.host.id, self.session.lease)
            response = yield Do(Txn((), (Get(key), put)))
            if not isinstance(response, TxnResponse):
                return "no answer"
            before = response.responses[0]
            assert isinstance(before, GetResponse)
            mine = any(kv.lease == self.session.lease for kv in before.kvs)
            if (not before.kvs or mine) and self.epoch is None:
                self.lead(response.revision)
            if (yield Changed(f"{PREFIX}/", response.revision + 1, True)) is None:
                return "watch lost"


class BlindPut(Contender):
    """All nodes put the same key, without asking whether somebody has it: the last one leads.

    A node whose value was overwritten does not look again. Seen in: tutorials that "write the leader
    key with a lease" where a transaction on create_revision = 0 belongs.
    """

    def contend(self) -> Script:
        """Wait until the key has no value, put the own one, and lead."""
        while True:
            response = yield Do(Get(KEY))
            if response is None:
                return "no answer"
            if not response.kvs:
                break
            if (yield Changed(KEY, response.revision + 1)) is None:
                return "watch lost"
        done = yield Do(Put(KEY, self.host.id, self.session.lease))
        if done is None:
            return "no answer"
        self.lead(done.revision)
        return ""
