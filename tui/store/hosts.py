"""The live list of hosts: what there is to connect to, and what the last probe of each said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from tui.engine.context_store import ContextStore
from tui.engine.hosts import Found, Listing, Named, find_hosts
from tui.engine.probe import Prober, Probing, probe
from tui.model.hosts import UNUSABLE, Probe

Finder = Callable[[Mapping[str, str], Sequence[Named]], Listing]


class HostBook:
    """All hosts by key, read from docker's files and the settings, and probed in the background.

    `on_change` is called after each change. Nothing is probed but what `probe` is asked for.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        named: Sequence[Named],
        on_change: Callable[[], object],
        *,
        prober: Prober = probe,
        find: Finder = find_hosts,
    ) -> None:
        self.env = env
        self.store = ContextStore.of(env)
        self.found: Mapping[str, Found] = {}
        self.problem = ""
        """What of docker's own files can't be read."""
        self.probes: dict[str, Probe] = {}
        self._named = named
        self._on_change = on_change
        self._find = find
        self._prober = prober
        self._probing = Probing(prober)
        self._stamp: object = None
        self._turn = asyncio.Lock()

    @property
    def probing(self) -> frozenset[str]:
        """The keys of the hosts that are being asked now."""
        return self._probing.keys

    async def reload(self) -> frozenset[str]:
        """Read what there is, and return the keys of the hosts that are new or lead elsewhere now."""
        async with self._turn:  # or an older answer might come after a newer one
            stamp = await asyncio.to_thread(self.store.stamp)  # before: what changes meanwhile is read next time
            listing = await asyncio.to_thread(self._find, self.env, self._named)
            self._stamp = stamp
            return self._take(listing)

    def _take(self, listing: Listing) -> frozenset[str]:
        before, now = self.found, {each.host.key: each for each in listing.found}
        changed = frozenset(key for key, each in now.items() if key not in before or _moved(before[key], each))
        for key in {*changed, *(before.keys() - now.keys())}:
            self._probing.forget(key)
            self.probes.pop(key, None)
        self.found, self.problem = now, listing.problem
        for key, each in now.items():
            if each.host.problem:
                self.probes[key] = Probe(UNUSABLE, reason=each.host.problem, hint=each.host.hint)
        self._on_change()
        return changed

    async def reload_if_changed(self) -> frozenset[str]:
        """Read again if a file did change, which costs a look at each; return as `reload` does."""
        if await asyncio.to_thread(self.store.stamp) == self._stamp:
            return frozenset()
        return await self.reload()

    def probe(self, keys: Iterable[str] | None = None) -> None:
        """Ask these hosts, or all, those aside that can't be used."""
        for key in self.found if keys is None else keys:
            found = self.found.get(key)
            if found is not None and found.endpoint is not None:
                self._probing.start(key, found.endpoint, self._probed)
        self._on_change()

    async def ask(self, key: str) -> Probe:
        """Ask one host at once and return what it says. KeyError when it is gone or can't be used."""
        endpoint = self.found[key].endpoint
        if endpoint is None:
            raise KeyError(key)
        result = await self._prober(endpoint)
        self._probed(key, result)
        return result

    def _probed(self, key: str, result: Probe) -> None:
        self.probes[key] = result
        self._on_change()

    async def close(self) -> None:
        """End the probes under way."""
        await self._probing.close()


def _moved(before: Found, now: Found) -> bool:
    """Whether what is known of the host tells nothing about it any more."""
    return (before.endpoint, before.host.problem, before.host.link) != (now.endpoint, now.host.problem, now.host.link)
