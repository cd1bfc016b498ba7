"""One callable each: what a blocklist would have to know, one by one.

Sources: advisories of picklescan and fickling named in their own trackers; the
standard library's and common packages' functions that run, load or write something.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus.assembling import TEXT, by_global, by_stack, call, pickled
from tests.corpus.samples import Sample, malicious

GADGETS: tuple[tuple[str, str, str], ...] = (
    ("os", "system", ""), ("posix", "system", ""), ("nt", "system", ""),
    ("os", "popen", ""), ("os", "execv", ""), ("os", "spawnl", ""),
    ("os", "remove", ""), ("os", "rename", ""), ("os", "putenv", ""),
    ("os", "posix_spawn", ""), ("os", "startfile", ""), ("os", "kill", ""),
    ("subprocess", "Popen", ""), ("subprocess", "check_output", ""),
    ("subprocess", "getoutput", ""), ("subprocess", "run", ""),
    ("builtins", "eval", ""), ("builtins", "exec", ""), ("builtins", "compile", ""),
    ("builtins", "getattr", "CVE-2026-22612"), ("builtins", "open", ""),
    ("builtins", "__import__", ""), ("builtins", "breakpoint", ""),
    ("builtins", "globals", ""), ("builtins", "setattr", ""),
    ("__builtin__", "eval", ""), ("__builtin__", "apply", ""),
    ("pip", "main", "CVE-2025-1716"), ("pip._internal", "main", "CVE-2025-1716"),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start", "CVE-2025-10157"),
    ("asyncio.base_subprocess", "BaseSubprocessTransport", "CVE-2025-10157"),
    ("pkgutil", "resolve_name", "GHSA-vvpj-8cmc-gx39"),
    ("importlib", "import_module", ""), ("importlib.util", "spec_from_file_location", ""),
    ("runpy", "run_path", "GHSA-wfq2-52f7-7qvj"), ("runpy", "_run_code", ""),
    ("code", "InteractiveInterpreter.runcode", ""), ("codeop", "compile_command", ""),
    ("marshal", "loads", "GHSA-q5qq-mvfm-j35x"), ("types", "FunctionType", ""),
    ("types", "CodeType", ""), ("ctypes", "CDLL", "GHSA-565g-hwwr-4pp3"),
    ("ctypes.util", "_findLib_gcc", ""), ("_ctypes", "dlopen", ""),
    ("cProfile", "run", "GHSA-p523-jq9w-64x9"), ("profile", "run", ""),
    ("profile", "Profile.runctx", ""), ("cProfile", "runctx", ""),
    ("pydoc", "pipepager", "GHSA-5hvc-6wx8-mvv4"), ("pydoc", "locate", ""),
    ("pty", "spawn", ""), ("timeit", "timeit", ""), ("timeit", "main", ""),
    ("trace", "Trace.run", ""), ("trace", "Trace.runctx", ""), ("bdb", "Bdb.run", ""),
    ("pdb", "run", ""), ("doctest", "debug_script", ""), ("doctest", "testfile", ""),
    ("ensurepip", "_run_pip", ""), ("idlelib.pyshell", "ModifiedInterpreter.runcommand", ""),
    ("idlelib.run", "Executive.runcode", ""), ("idlelib.debugobj", "ObjectTreeItem.SetText", ""),
    ("idlelib.autocomplete", "AutoComplete.get_entity", ""),
    ("idlelib.calltip", "get_entity", ""), ("lib2to3.pgen2.grammar", "Grammar.loads", ""),
    ("lib2to3.pgen2.pgen", "ParserGenerator.make_label", ""),
    ("operator", "attrgetter", "CVE-2025-54412"), ("operator", "methodcaller", "CVE-2025-54413"),
    ("_operator", "methodcaller", ""), ("operator", "itemgetter", ""),
    ("functools", "partial", ""), ("functools", "reduce", ""), ("itertools", "starmap", ""),
    ("socket", "create_connection", ""), ("socket", "socket", ""),
    ("urllib.request", "urlopen", ""), ("urllib.request", "urlretrieve", ""),
    ("http.client", "HTTPSConnection", ""), ("requests.api", "get", ""),
    ("ftplib", "FTP", ""), ("smtplib", "SMTP", ""), ("telnetlib", "Telnet", ""),
    ("webbrowser", "open", ""), ("shutil", "rmtree", ""), ("shutil", "copyfile", ""),
    ("shutil", "move", ""), ("tempfile", "mkstemp", ""), ("pathlib", "Path.write_text", ""),
    ("sqlite3", "connect", ""), ("logging.config", "listen", ""),
    ("logging.config", "_resolve", ""), ("logging", "FileHandler", ""),
    ("multiprocessing.util", "spawnv_passfds", ""), ("_posixsubprocess", "fork_exec", ""),
    ("_xxsubinterpreters", "run_string", ""), ("_interpreters", "exec", "GHSA-6ggj-6f2q-f7mx"),
    ("_pickle", "loads", ""), ("pickle", "loads", ""), ("dill", "loads", ""),
    ("cloudpickle", "loads", ""), ("joblib", "load", ""), ("joblib.numpy_pickle", "load", ""),
    ("torch", "load", ""), ("torch.hub", "load", ""), ("torch.jit", "load", ""),
    ("torch.serialization", "load", ""), ("torch._inductor.codecache", "compile_file", ""),
    ("torch.utils.bottleneck.__main__", "run_cprofile", ""),
    ("torch.utils.data.datapipes.utils.decoder", "basichandlers", ""),
    ("torch.utils._config_module", "ConfigModule.load_config", ""),
    ("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression", ""),
    ("torch.distributed.rpc.internal", "_run_function", ""),
    ("torch.storage", "_load_from_bytes", ""), ("torch.cuda._sanitizer", "main", ""),
    ("numpy", "load", ""), ("numpy.f2py.crackfortran", "param_eval", ""),
    ("numpy.f2py.crackfortran", "getlincoef", ""), ("numpy.testing._private.utils", "runstring", ""),
    ("numpy.testing._private.utils", "rundocs", ""), ("numpy.distutils.exec_command", "exec_command", ""),
    ("pandas", "read_pickle", ""), ("pandas.core.computation.eval", "eval", ""),
    ("distutils.file_util", "write_file", ""), ("setuptools.sandbox", "run_setup", ""),
    ("wsgiref.util", "setup_testing_defaults", ""), ("aiohttp.client", "ClientSession", ""),
    ("collections", "OrderedDict.__init__.__globals__", "GHSA-r7v6-mfhq-g3m2"),
    ("collections", "_sys.modules", ""), ("torch", "serialization.os.system", ""),
    ("torch._utils", "_rebuild_tensor_v2.__globals__", ""), ("_codecs", "encode.__self__", ""),
)  # fmt: skip


def samples() -> Iterator[Sample]:
    """Give each gadget, by turns in the two ways of naming it."""
    for number, (module, name, source) in enumerate(GADGETS):
        look = by_global if number % 2 else by_stack
        data = pickled(call(look(module, name), TEXT), 4 if look is by_stack else 2)
        ending = (".pkl", ".pt", ".bin", ".ckpt")[number % 4]
        title = f"{number:03}-{module}.{name}"
        yield malicious("pickle-gadget", title, f"model{ending}", data, source)
