"""The Services tab: the services of a Compose project, each a row that the project's commands act on."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands.session import Session
from tui.model.compose import ComposeService, Project, ProjectFiles, with_files
from tui.present.projects import ServiceRows, service_text
from tui.screens.details.tab import DetailTab
from widgets.live_table import LiveTable


class ServiceTable(LiveTable[ComposeService]):
    """A live table that can say why it is empty, and be searched, as the body of a tab has to."""

    def search(self, query: str) -> None:
        """Show the services that match."""
        self.filter(query)

    def set_notice(self, notice: str) -> None:
        """Show nothing but the reason."""
        self.show({})
        self.set_problem(notice or None)


class ServicesTab(DetailTab):
    """Wanted and running counts, state, image and ports; and where the containers differ from the file."""

    name = "services"
    noun = "service"

    def make(self) -> ServiceTable:
        rows = ServiceRows(ProjectFiles(), self.settings.ascii)
        self.view = ServiceTable(rows.columns(), search_text=service_text, sort="name", ascii=self.settings.ascii)
        self._shown: tuple[Session, str] | None = None
        """The host and the ID of the project that the rows are of."""
        return self.view

    async def fill(self, session: Session, row: Project) -> None:
        with session.compose_files.following() as news:
            while True:
                news.clear()
                self._show(session, row)
                await news.wait()

    def _show(self, session: Session, project: Project) -> None:
        self._shown = session, project.id
        files = session.compose_files.of(project.place)
        host = session.engine.transport.connections.remote_host
        self.view.set_columns(ServiceRows(files, self.settings.ascii, host).columns())
        self.view.show({service.id: service for service in with_files(project, files)})
        self.view.set_problem(f"what the file says is not known: {files.problem}" if files.problem else None)

    def targets(self, session: Session, row: Project) -> Sequence[ComposeService]:
        if self._shown != (session, row.id):
            return ()
        return [found for key in self.view.targets if (found := self.view.row_of(key)) is not None]

    def empty(self, notice: str) -> None:
        self._shown = None
        self.view.set_notice(notice)
