"""The wait for Spack's solver."""

import time

from textual.app import ComposeResult

from tui import text
from tui.messages import builds, facts, requests
from tui.messages.facts import Fact
from tui.screens.base import CommandScreen
from tui.screens.preview import PreviewScreen
from tui.state.forecast import builders
from tui.text import Line, Part
from tui.widgets.bindings import bindings_of
from tui.widgets.lines import spread
from tui.widgets.paper import Paper

SAID = (
    "It prefers builds that are installed or that a mirror has; what is left would be built from"
    " source. Nothing is built before you have seen the plan and agreed to it.",
    "The first time takes longer: Spack reads all of its recipes then.",
)


class ConcretizingScreen(CommandScreen):
    """Shows how long it takes; then the plan takes its place.

    Args:
        spec: what Spack is to find a way for.
    """

    BINDINGS = bindings_of("concretizing")
    table_name = "concretizing"

    def __init__(self, spec: str) -> None:
        super().__init__()
        self._request = builds.Concretize(spec)
        self._began = time.time()
        self._last = ""
        self._failure: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A headline with a clock, what it is about, what Spack says."""
        yield Paper(self._lines, id="summary")
        yield self.make_footer()

    def on_mount(self) -> None:
        """Want the answer; the clock ticks meanwhile."""
        self._clock = self.set_interval(1.0, self._show)
        self.ask(self._request)

    def _lines(self, width: int) -> list[Line]:
        took = text.clock(time.time() - self._began)
        if self._failure:
            title = (Part(f" Spack found no way to build {self._request.spec}", "bad"),)
            return [spread(title, (), width), *_broken(self._failure, width)]
        title = (Part(f" Spack looks for a way to build {self._request.spec}", "strong"),)
        lines = [spread(title, (Part(f"{took} ", "running"),), width), *_broken(SAID, width)]
        if self._last:
            lines += [(), (Part(f"  {text.cropped(self._last, width - 4)}", "quiet"),)]
        return lines

    def _show(self) -> None:
        self.query_one("#summary", Paper).write(self._lines)

    def learn(self, fact: Fact) -> None:
        """It has decided, or cannot."""
        match fact:
            case builds.ConcretizingGoesOn(request, line) if request is self._request:
                self._last = line
                self._show()
            case builds.Concretized(request, environment) if request is self._request:
                self._clock.stop()
                builder = builders()[0]
                screen = PreviewScreen(
                    environment.graph.roots,
                    environment=environment,
                    builder=builder,
                    asked=self._request.spec,
                )
                self.when_on_top(lambda: self.app.switch_screen(screen))
            case facts.RequestFailed(request, error) if request is self._request:
                self._clock.stop()
                self._failure = error.sentences()
                self._show()
                self.footer.relabel("back", "back")
            case _:
                pass

    def do_back(self) -> None:
        """Go back; an answer that did not come yet is not wanted any more."""
        self.ask(requests.GiveUp(builds.Concretize))
        self.dismiss()


def _broken(sentences: tuple[str, ...], width: int) -> list[Line]:
    lines: list[Line] = []
    for sentence in sentences:
        lines += [(), *((Part(f"  {line}"),) for line in text.wrapped(sentence, width - 4))]
    return lines
