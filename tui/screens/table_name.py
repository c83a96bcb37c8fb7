"""The names of the dashboard's tables: the resources that a feed keeps, and what is made of them."""

from __future__ import annotations

from typing import Literal

from tui.store.state import Resource

TableName = Resource | Literal["projects", "services", "nodes"]
