"""Pickles that do harm to one reader or another, each with the rule that refuses it.

They are bytes written by hand; nothing here is ever unpickled.
"""

from __future__ import annotations

import struct

SYSTEM = b"cos\nsystem\n(S'id'\ntR."


def _framed(length: int, body: bytes) -> bytes:
    return b"\x80\x04\x95" + struct.pack("<Q", length) + body


def _short(text: bytes) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text


ATTACKS: dict[str, tuple[str, bytes]] = {
    "a_call": ("pickle/global", SYSTEM),
    "a_call_by_stack_global": (
        "pickle/global",
        b"\x80\x04" + _short(b"os") + _short(b"system") + b"\x93" + _short(b"id")
        + b"\x85R.",
    ),
    "a_number_that_is_octal_to_one_unpickler": ("pickle/text", b"I010\n."),
    "a_negative_one": ("pickle/text", b"I-010\n."),
    "a_long_with_a_zero": ("pickle/text", b"L010L\n."),
    "a_place_of_the_memo_with_a_zero": ("pickle/text", b"Np010\n."),
    "a_place_of_the_memo_of_gigabytes": ("pickle/memo", b"Nr\xff\xff\xff\xff."),
    "a_place_of_the_memo_beyond_all": (
        "pickle/memo", b"Np" + b"9" * 30 + b"\n.",
    ),
    "a_call_then_cut": ("pickle/global", SYSTEM[:-1]),
    "nullifAI_a_call_then_a_broken_stream": ("pickle/global", SYSTEM[:-1] + b"\xff."),
    "a_name_that_is_thrown_away": ("pickle/global", b"cos\nsystem\n0N."),
    "CVE_2025_1716_pip_main": (
        "pickle/global", b"cpip\nmain\n((lS'install'\natR.",
    ),
    "CVE_2025_10157_a_submodule_of_a_known_module": (
        "pickle/global", b"casyncio.unix_events\n_UnixSubprocessTransport._start\n.",
    ),
    "GHSA_vvpj_8cmc_gx39_resolve_name": (
        "pickle/global", b"cpkgutil\nresolve_name\n(S'os:system'\ntR(S'id'\ntR.",
    ),
    "GHSA_r7v6_mfhq_g3m2_a_name_with_dots": (
        "pickle/global",
        b"\x80\x04" + _short(b"collections")
        + _short(b"OrderedDict.__init__.__globals__") + b"\x93.",
    ),
    "GHSA_565g_hwwr_4pp3_ctypes": (
        "pickle/global", b"cctypes\nCDLL\n(S'evil.so'\ntR.",
    ),
    "GHSA_wfq2_52f7_7qvj_runpy": (
        "pickle/global", b"crunpy\nrun_path\n(S'evil.py'\ntR.",
    ),
    "GHSA_q5qq_mvfm_j35x_marshal": (
        "pickle/global", b"cmarshal\nloads\n(S'code'\ntR.",
    ),
    "GHSA_p523_jq9w_64x9_cprofile": (
        "pickle/global", b"ccProfile\nrun\n(S'print()'\ntR.",
    ),
    "GHSA_5hvc_6wx8_mvv4_pydoc": (
        "pickle/global", b"cpydoc\npipepager\n(S''\nS'id'\ntR.",
    ),
    "GHSA_h4rm_mm56_xf63_CVE_2026_22612_builtins_are_no_exception": (
        "pickle/global", b"cbuiltins\ngetattr\n(cbuiltins\ndict\nS'get'\ntR.",
    ),
    "GHSA_6ggj_6f2q_f7mx_interpreters_by_build": (
        "pickle/global",
        b"\x80\x02c_interpreters\nexec\n)\x81}U\x01aK\x01sb.",
    ),
    "an_object_by_inst": ("pickle/opcode", b"(S'id'\nios\nsystem\n."),
    "an_object_by_obj": ("pickle/global", b"(cos\nsystem\nS'id'\no."),
    "an_extension": ("pickle/opcode", b"\x80\x02\x82\x01."),
    "a_buffer_outside": ("pickle/opcode", b"\x80\x05\x97."),
    "a_read_only_buffer": ("pickle/opcode", b"\x80\x05\x98."),
    "a_persistent_id_as_text": ("pickle/opcode", b"Pa\n."),
    "a_persistent_id": ("pickle/persistent", b"\x80\x02NQ."),
    "an_object_with_keywords": (
        "pickle/global", b"\x80\x04cos\nsystem\n)}\x92.",
    ),
    "a_value_doubled": ("pickle/opcode", b"N20."),
    "fickling_frame_boundary_divergence": (
        # One unpickler drops "abcd" and takes what follows the frame as the text.
        "pickle/frame", _framed(4, b"\x8c\x04ab" + b"cd" + b"\x94."),
    ),
    "a_frame_that_ends_in_a_line": (
        "pickle/frame", _framed(6, b"ccollections\nOrderedDict\n."),
    ),
    "a_frame_in_a_frame": (
        "pickle/frame", _framed(20, b"\x95" + struct.pack("<Q", 3) + b"N0N0N0N0NNN."),
    ),
    "a_frame_beyond_the_end": ("pickle/frame", _framed(1 << 40, b"N.")),
    "a_frame_beyond_the_stop": ("pickle/frame", _framed(4, b"N.aa")),
    "an_empty_frame": ("pickle/frame", _framed(0, b"N.")),
    "a_frame_in_protocol_2": (
        "pickle/protocol", b"\x80\x02\x95" + struct.pack("<Q", 2) + b"N.",
    ),
    "a_protocol_of_the_future": ("pickle/protocol", b"\x80\x06N."),
    "a_second_protocol": ("pickle/protocol", b"\x80\x02\x80\x02N."),
    "an_opcode_newer_than_the_protocol": ("pickle/protocol", b"\x88."),
    "no_opcode": ("pickle/opcode", b"\xff."),
    "no_end": ("pickle/cut", b"N"),
    "nothing": ("pickle/cut", b""),
    "a_cut_text": ("pickle/cut", b"\x80\x02X\xff\xff\xff\x7fabc."),
    "a_text_of_exabytes": (
        "pickle/cut", b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"abc.",
    ),
    "an_integer_of_megabytes": (
        "pickle/size",
        b"\x80\x02\x8b" + struct.pack("<L", 1 << 20) + bytes(1 << 20) + b".",
    ),
    "a_decimal_of_a_million_digits": ("pickle/text", b"I" + b"9" * 1_000_000 + b"\n."),
    "a_line_without_end": ("pickle/cut", b"V" + b"a" * (1 << 21)),
    "a_hexadecimal": ("pickle/text", b"I0x10\n."),
    "an_underscore": ("pickle/text", b"I1_0\n."),
    "a_text_with_a_strange_escape": ("pickle/text", b"S'\\u0041'\n."),
    "a_text_that_is_not_utf8": ("pickle/text", b"\x80\x02X\x01\x00\x00\x00\xff."),
    "half_of_a_surrogate_pair": (
        "pickle/text", b"\x80\x02X\x03\x00\x00\x00\xed\xa0\x80.",
    ),
    "an_empty_stack": ("pickle/stack", b"."),
    "two_values": ("pickle/stack", b"NN."),
    "a_mark_left": ("pickle/stack", b"(N."),
    "a_mark_missing": ("pickle/stack", b"Nt."),
    "a_pop_below_a_mark": ("pickle/stack", b"N(0N\x30\x30."),
    "a_memo_that_is_empty": ("pickle/memo", b"\x80\x02h\x05."),
    "a_memo_written_twice": ("pickle/memo", b"\x80\x02Nq\x000Nq\x00."),
    "a_key_twice": ("pickle/key", b"\x80\x02}(K\x01NK\x01Nu."),
    "a_key_that_is_equal": ("pickle/key", b"\x80\x02}(K\x01N\x88Nu."),
    "a_key_that_is_a_list": ("pickle/key", b"\x80\x02}(]Nu."),
    "an_odd_number_of_items": ("pickle/fill", b"\x80\x02}(K\x01u."),
    "keys_of_a_list": ("pickle/fill", b"\x80\x02]K\x01K\x02s."),
    "items_of_a_dict": ("pickle/fill", b"\x80\x02}K\x01a."),
    "CVE_2026_24747_keys_of_a_tensor": (
        "pickle/fill", b"\x80\x02c_codecs\nencode\n)R(K\x01K\x02u.",
    ),
    "a_state_for_a_list": ("pickle/build", b"\x80\x02]}b."),
    "a_state_for_what_takes_none": (
        "pickle/build", b"\x80\x02c_codecs\nencode\n)R}b.",
    ),
    "two_states": ("pickle/build", b"\x80\x02ccollections\nOrderedDict\n)R}b}b."),
    "a_call_of_a_number": ("pickle/call", b"\x80\x02K\x01)R."),
    "a_call_of_a_dtype": ("pickle/call", b"\x80\x02ctorch\nfloat32\n)R."),
    "a_call_of_what_a_call_made": (
        "pickle/call", b"\x80\x02ccollections\nOrderedDict\n)R)R.",
    ),
    "a_call_with_no_tuple": ("pickle/call", b"\x80\x02ccollections\nOrderedDict\n]R."),
    "an_object_of_what_makes_none": (
        "pickle/call", b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    ),
    "a_name_that_is_no_text": ("pickle/global", b"\x80\x04K\x01K\x02\x93."),
}  # fmt: skip

GADGETS = """
os system; posix system; nt system; os popen; os execv; os spawnlp; os posix_spawn
subprocess Popen; subprocess run; subprocess check_output; subprocess getoutput
builtins eval; builtins exec; builtins compile; builtins open; builtins getattr
builtins __import__; builtins setattr; builtins globals; builtins map; builtins filter
__builtin__ eval; __builtin__ getattr; __builtin__ apply; builtins type; builtins super
importlib import_module; runpy run_path; runpy _run_code; imp load_source; pty spawn
pkgutil resolve_name; pydoc locate; pydoc pipepager; code InteractiveInterpreter
codeop compile_command; marshal loads; types FunctionType; types CodeType
pickle loads; _pickle Unpickler; dill loads; cloudpickle loads; joblib load; torch load
numpy load; numpy f2py.crackfortran.getlincoef; numpy testing._private.utils.runstring
operator attrgetter; operator methodcaller; _operator methodcaller; functools partial
functools reduce; itertools starmap; collections namedtuple; copyreg _reconstructor
copy_reg _reconstructor; ctypes CDLL; ctypes.util find_library; cffi FFI; _ctypes dlopen
timeit timeit; cProfile run; profile run; trace Trace; bdb Bdb; pdb run; doctest debug
asyncio.unix_events _UnixSubprocessTransport._start; asyncio run; _interpreters exec
multiprocessing.util spawnv_passfds; concurrent.futures ProcessPoolExecutor
distutils.file_util write_file; shutil rmtree; pathlib PosixPath; tempfile mktemp
socket create_connection; urllib.request urlretrieve; requests get
aiohttp.client ClientSession; ftplib FTP; smtplib SMTP; webbrowser open
pip main; pip._internal main; ensurepip bootstrap; venv create; site main; sys modules
sys settrace; signal signal; gc get_objects; inspect getsource; linecache getline
logging.config dictConfig; lib2to3.pgen2.grammar Grammar.loadgrammar; idlelib.run exec
idlelib.pyshell ModifiedInterpreter.runcode; idlelib.autocomplete get_entity
torch.jit.unsupported_tensor_ops execWrapper; torch._dynamo.guards GuardBuilder.get
torch.utils.bottleneck.__main__ run_cprofile; torch.utils.collect_env run
torch.utils._config_module load_config; torch.fx.experimental.symbolic_shapes eval
torch.fx.graph_module reduce_graph_module; torch.storage _load_from_bytes
torch.serialization load; torch._utils _rebuild_wrapper; torch.nn.modules.linear Linear
torch.package PackageImporter; torch.distributed.rpc rpc_sync; torch.ops load_library
argparse Namespace; datetime datetime; decimal Decimal; uuid UUID; zoneinfo ZoneInfo
sklearn.pipeline Pipeline; transformers.training_args TrainingArguments; numpy ufunc
numpy.random._pickle __randomstate_ctor; numpy.core.numeric _frombuffer; builtins slice
"""
"""What somebody has put into a pickle, or could; each is module and name."""
