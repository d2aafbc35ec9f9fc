"""A server with clients: connections, reads, writes, watches (NIOServerCnxn, FinalRequestProcessor)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from protocols.api import Group, Host
from protocols.connections import Connection
from protocols.zookeeper.log import Txn
from protocols.zookeeper.messages import (
    Answer,
    Call,
    ClientPing,
    ClientPong,
    Connect,
    Connected,
    SetWatches,
    WatchedEvent,
)
from protocols.zookeeper.parameters import ZooKeeperParameters
from protocols.zookeeper.peer import CLIENT
from protocols.zookeeper.requests import RequestServer
from protocols.zookeeper.session_roles import SessionFollower, SessionLeader
from protocols.zookeeper.storage import ZooKeeperStorage
from protocols.zookeeper.tree import Outcome
from protocols.zookeeper.watches import Watches

SECRET = 0xB3415C00
"""Passwords are made of session ids with this (ZooKeeperServer.superSecret)."""


@dataclass(slots=True)
class Client:
    """What a server knows of one client that is connected to it."""

    connection: Connection
    session: int = 0  # 0: not yet
    timeout: int = 0
    waiting: int = 0  # xid of the write or sync that is under way; what follows it waits
    queue: deque[Call] = field(default_factory=deque)


class ZooKeeperServer(RequestServer):
    """One server of the service; implements `protocols.api.Process`."""

    leader_class = SessionLeader
    follower_class = SessionFollower
    role: SessionLeader | SessionFollower | None

    def __init__(
        self, host: Host, group: Group, parameters: ZooKeeperParameters, storage: ZooKeeperStorage
    ) -> None:
        super().__init__(host, group, parameters, storage)
        # The grid of expiries is that of System.nanoTime, which begins anywhere.
        self.phase_ns = host.random.randrange(0, parameters.tick_time)
        self.expiry = host.timer("expiry", self._on_expiry)
        self.watches = Watches(self._tell)
        self.clients: dict[Connection, Client] = {}
        self.sessions: dict[int, Client] = {}  # those that are here
        self._opening: dict[int, Client] = {}  # by the number under which its session was asked for
        self._packets: dict[type, Callable[[Client, Any], None]] = {
            Connect: self._on_connect,
            Call: self._on_call,
            ClientPing: self._on_ping,
            SetWatches: self._on_set_watches,
        }
        self._reads: dict[str, Callable[..., tuple[str, Any]]] = {
            "exists": self._exists,
            "get_data": self._get_data,
            "get_children": self._get_children,
        }

    # Service ------------------------------------------------------------------------------------

    def start_serving(self) -> None:
        """Take clients."""
        if isinstance(self.role, SessionLeader):
            self.role.start_sessions()

    def stop_serving(self) -> None:
        """Send all clients away; they find another server."""
        super().stop_serving()
        for connection in tuple(self.clients):
            self.connections.close(connection)
            self._gone(connection)

    def _on_expiry(self) -> None:
        if isinstance(self.role, SessionLeader) and self.role.serving:
            self.role.on_expiry()

    def _offers(self, service: str) -> bool:
        if service == CLIENT:
            return self.role is not None and self.role.serving
        return super()._offers(service)

    def _delivered(self, connection: Connection, payload: Any) -> None:
        if connection.service != CLIENT:
            super()._delivered(connection, payload)
            return
        if self.role is None or not self.role.serving:
            self.connections.close(connection)
            return
        client = self.clients.get(connection)
        if client is None:
            client = self.clients[connection] = Client(connection)
        if client.session:
            self._role().touch(client.session, client.timeout)
        self._packets[type(payload)](client, payload)

    def _closed(self, connection: Connection) -> None:
        if connection.service == CLIENT:
            self._gone(connection)
        else:
            super()._closed(connection)

    def _gone(self, connection: Connection) -> None:
        client = self.clients.pop(connection, None)
        if client is not None:
            self.watches.forget(connection)
            if self.sessions.get(client.session) is client:
                del self.sessions[client.session]

    def _role(self) -> SessionLeader | SessionFollower:
        assert self.role is not None
        return self.role

    # Sessions -----------------------------------------------------------------------------------

    def _on_connect(self, client: Client, connect: Connect) -> None:
        """Open a session or go on with one; not for a client that has seen more than we have."""
        if connect.last_zxid > self.history.committed_zxid:
            self._dismiss(client)
            return
        tick = self.parameters.tick_time
        client.timeout = min(max(connect.timeout, 2 * tick), 20 * tick)
        if not connect.session:
            number = self.host.random.randrange(1, 1 << 48)
            self._opening[number] = client
            self._role().submit(0, number, ("create_session", client.timeout))
        elif connect.password != connect.session ^ SECRET:
            client.connection.send(Connected(0, 0, 0))
        else:
            old = self.sessions.get(connect.session)
            if old is not None:
                self._dismiss(old)
            client.session = connect.session
            self.sessions[client.session] = client
            self._role().revalidate(client.session, client.timeout)

    def _dismiss(self, client: Client) -> None:
        self.connections.close(client.connection)
        self._gone(client.connection)

    def revalidated(self, session: int, valid: bool) -> None:
        """The leader says whether a session lives; if not, only now does its client learn of it."""
        client = self.sessions.get(session)
        if client is None:
            return
        if valid:
            client.connection.send(Connected(session, session ^ SECRET, client.timeout))
        else:
            del self.sessions[session]
            client.session = 0
            client.connection.send(Connected(0, 0, 0))

    def _on_ping(self, client: Client, ping: ClientPing) -> None:
        client.connection.send(ClientPong())

    # Requests -----------------------------------------------------------------------------------

    def _on_call(self, client: Client, call: Call) -> None:
        """Serve a client's requests in their order: what comes after a write waits for it."""
        client.queue.append(call)
        self._serve(client)

    def _serve(self, client: Client) -> None:
        while client.queue and not client.waiting and client.connection.is_open:
            call = client.queue.popleft()
            name = call.operation[0]
            if name in self._reads:
                error, value = self._reads[name](client, *call.operation[1:])
                self._answer(client, call.xid, error, value)
                continue
            client.waiting = call.xid
            if name == "sync":
                self._role().sync(client.session, call.xid)
            else:
                self._role().submit(client.session, call.xid, call.operation)

    def _answer(self, client: Client, xid: int, error: str, value: Any) -> None:
        client.connection.send(Answer(xid, self.history.committed_zxid, error, value))

    def synced(self, session: int, xid: int) -> None:
        """Everything that was committed before the client's sync is applied here."""
        self._done(session, xid, "", None)

    def _done(self, session: int, xid: int, error: str, value: Any) -> None:
        client = self.sessions.get(session)
        if client is not None and xid and client.waiting == xid:
            client.waiting = 0
            self._answer(client, xid, error, value)
            self._serve(client)

    def applied(self, txn: Txn, outcome: Outcome) -> None:
        """Tell the watchers first, and then whoever asked: so that nobody sees news before its event."""
        super().applied(txn, outcome)
        if type(txn.operation) is not tuple:
            return
        for kind, path in outcome.events:
            self._note(txn, kind, path)
            self.watches.trigger(kind, path)
        if txn.operation[0] == "create_session":
            self._session_created(txn)
        elif txn.operation[0] == "close_session":
            self._session_closed(txn)
        else:
            self._done(txn.session, txn.xid, outcome.error, outcome.value)

    def _note(self, txn: Txn, kind: str, path: str) -> None:
        if kind == "created" and self.history.tree.nodes[path].owner:
            self.host.note("znode_created", path, txn.session)
        elif kind == "deleted":
            self.host.note("znode_removed", path, txn.session, txn.operation[0] == "delete")

    def _session_created(self, txn: Txn) -> None:
        self.host.note("session_opened", txn.zxid)
        client = self._opening.pop(txn.xid, None)
        if client is not None and client.connection.is_open:
            client.session = txn.zxid
            self.sessions[txn.zxid] = client
            client.connection.send(Connected(txn.zxid, txn.zxid ^ SECRET, client.timeout))

    def _session_closed(self, txn: Txn) -> None:
        self.host.note("session_closed", txn.session)
        if isinstance(self.role, SessionLeader):
            self.role.sessions.forget(txn.session)
        client = self.sessions.get(txn.session)
        if client is not None:
            self._done(txn.session, txn.xid, "", None)
            self._dismiss(client)

    # Reads and watches --------------------------------------------------------------------------

    def _exists(self, client: Client, path: str, watch: bool) -> tuple[str, Any]:
        if watch:
            self.watches.add(self.watches.data, path, client.connection)
        node = self.history.tree.nodes.get(path)
        return "", None if node is None else node.czxid

    def _get_data(self, client: Client, path: str, watch: bool) -> tuple[str, Any]:
        node = self.history.tree.nodes.get(path)
        if node is None:
            return "no_node", None
        if watch:
            self.watches.add(self.watches.data, path, client.connection)
        return "", (node.data, node.owner, node.czxid)

    def _get_children(self, client: Client, path: str, watch: bool) -> tuple[str, Any]:
        children = self.history.tree.children.get(path)
        if children is None:
            return "no_node", None
        if watch:
            self.watches.add(self.watches.child, path, client.connection)
        return "", tuple(children)

    def _on_set_watches(self, client: Client, wanted: SetWatches) -> None:
        """Renew the watches of a client that was elsewhere: what it has missed it hears now."""
        nodes, since = self.history.tree.nodes, wanted.since_zxid
        for path in wanted.data:
            node = nodes.get(path)
            kind = "deleted" if node is None else "changed" if node.mzxid > since else ""
            self._renew(client, self.watches.data, path, kind)
        for path in wanted.exist:
            self._renew(client, self.watches.data, path, "created" if path in nodes else "")
        for path in wanted.child:
            node = nodes.get(path)
            kind = "deleted" if node is None else "children" if node.pzxid > since else ""
            self._renew(client, self.watches.child, path, kind)

    def _renew(self, client: Client, table: Any, path: str, kind: str) -> None:
        if kind:
            self._tell(client.connection, kind, path)
        else:
            self.watches.add(table, path, client.connection)

    def _tell(self, connection: Connection, kind: str, path: str) -> None:
        connection.send(WatchedEvent(kind, path, self.history.committed_zxid))
