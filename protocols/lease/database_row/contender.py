"""Who wants the row: take it, renew it, give it up."""

from __future__ import annotations

from typing import Any

from protocols.api import Group, Host
from protocols.lease.database_row.messages import Claim, Extend, Overwrite, Row, RowReply, Select, Surrender
from protocols.lease.database_row.parameters import DatabaseRowParameters
from protocols.lease.holder import LeaseHolder
from protocols.script import Script, Sleep


class RowContender(LeaseHolder):
    """A client of the database: it leads while it owns the row; the row's epoch is its token."""

    replies = (RowReply,)

    def __init__(self, host: Host, group: Group, parameters: DatabaseRowParameters, image: Any) -> None:
        self.parameters = parameters
        self.servers = group.servers
        self._server = 0  # of which server it believes that it is the primary
        super().__init__(host, host.wall if parameters.time == "client" else host.now)

    def run(self) -> Script:
        """Take the row, keep it, and start again when it is lost."""
        yield from self.stagger(self.parameters.poll_interval)
        while True:
            if not (yield from self._take()):
                yield Sleep(self.parameters.poll_interval)
            yield from self._keep()

    def _take(self) -> Script:
        if self.parameters.method == "select-then-update":
            return (yield from self._select_then_update())
        sent = self.clock()
        claim = Claim(self.next_request(), self.host.id, self.parameters.ttl, self._now())
        return self._taken((yield from self._ask(claim)), sent)

    def _select_then_update(self) -> Script:
        reply = yield from self._ask(Select(self.next_request(), self._now()))
        if reply is None or not reply.changed:
            self._learn(reply)
            return False
        sent, epoch = self.clock(), reply.row.epoch + 1
        update = Overwrite(self.next_request(), self.host.id, epoch, self.parameters.ttl, self._now())
        return self._taken((yield from self._ask(update)), sent)

    def _taken(self, reply: RowReply | None, sent: int) -> bool:
        if reply is None or reply.row is None or not reply.changed:
            self._learn(reply)
            return False
        self.hold(reply.row.epoch, self._valid_until(sent))
        return self.epoch is not None

    def _keep(self) -> Script:
        """Renew until the row is lost or given up; a failed renewal is tried again while it lasts."""
        parameters = self.parameters
        pause = parameters.renew_interval
        self.begin_tenure(parameters.hold_for)
        while self.epoch is not None:
            yield from self.rest(pause)
            if self.is_tenure_over():
                yield from self._give_up()
            elif self.epoch is not None:
                answered = yield from self._renew(self.epoch)
                pause = parameters.renew_interval if answered else min(pause, parameters.poll_interval)

    def _renew(self, epoch: int) -> Script:
        sent = self.clock()
        extend = Extend(self.next_request(), self.host.id, epoch, self.parameters.ttl, self._now())
        reply = yield from self._ask(extend)
        if reply is None or self.epoch != epoch:
            return False
        if reply.changed:
            self.hold(epoch, self._valid_until(sent))
        else:
            self.lose("not renewed")
        return True

    def _give_up(self) -> Script:
        epoch = self.epoch
        if epoch is not None:
            self.lose("released")
            yield from self._ask(Surrender(self.next_request(), self.host.id, epoch))
            yield Sleep(self.parameters.poll_interval)

    def _ask(self, statement: Any) -> Script:
        """Return the primary's reply; None, and the next one is asked another server, if there was none."""
        server = self.servers[self._server]
        reply = yield self.call(server, statement, self.parameters.request_timeout)
        if reply is None or reply.row is None:
            self._server = (self._server + 1) % len(self.servers)
            return None
        return reply

    def _learn(self, reply: RowReply | None) -> None:
        row: Row | None = reply.row if reply is not None else None
        if row is not None and row.owner is not None:
            self.learn(row.owner, row.epoch)

    def _valid_until(self, sent: int) -> int:
        start = self.clock() if self.parameters.validity_from == "reply" else sent
        return start + self.parameters.validity

    def _now(self) -> int | None:
        return self.host.wall() if self.parameters.time == "client" else None
