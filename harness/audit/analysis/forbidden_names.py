"""What workflow code may not call: what answers otherwise in another process, machine or moment, and what blocks.

One table by full name. What Temporal's sandbox stops was read in ``SandboxRestrictions.invalid_module_members_default``
of temporalio 1.35; what it does not stop was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from astroid import nodes

from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node, keyword_value

CLOCK, RANDOM, PROCESS, IO, BLOCKING, ORDER = "CP101", "CP102", "CP103", "CP104", "CP105", "CP108"

Condition = Callable[[nodes.Call], bool]


def _always(_: nodes.Call) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class ForbiddenName:
    """One function, class or attribute that workflow code may not use.

    Attributes:
        name: Full name, or ``package.*`` for all that a package has.
        rule: Id of the rule that forbids it.
        instead: What to write instead, as the end of the sentence "use …".
        stopped: Whether the sandbox stops it in code that is not passed through.
        attribute: Whether reading it is enough (``os.environ``), rather than calling it.
        when: Which calls of it are meant; without that, all.
    """

    name: str
    rule: str
    instead: str
    stopped: bool = False
    attribute: bool = False
    when: Condition = _always


def arguments(call: nodes.Call) -> int:
    """Return how many arguments a call has; 99 where that cannot be told (``f(*args)``)."""
    if any(isinstance(each, nodes.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return 99
    return len(call.args) + len(call.keywords)


def argument(call: nodes.Call, position: int, name: str) -> Node | None:
    """Return an argument of a call, given by position (from 0) or by name."""
    named: Node | None = keyword_value(call, name)
    return call.args[position] if named is None and len(call.args) > position else named


def _given(position: int, name: str) -> Condition:
    def given(call: nodes.Call) -> bool:
        passed = argument(call, position, name)
        return arguments(call) == 99 or not (
            passed is None or (isinstance(passed, nodes.Const) and passed.value is None)
        )

    return given


def _not(condition: Condition) -> Condition:
    return lambda call: arguments(call) != 99 and not condition(call)


def _true(position: int, name: str) -> Condition:
    def true(call: nodes.Call) -> bool:
        passed = argument(call, position, name)
        return isinstance(passed, nodes.Const) and bool(passed.value)

    return true


def find(name: str) -> tuple[ForbiddenName, ...]:
    """Return what the table says of a full name; of its package if nothing of the name itself."""
    if name in _TABLE:
        return _TABLE[name]
    for package in _parents(name):
        if package in _EXEMPT:
            return ()
        if f"{package}.*" in _TABLE:
            return _TABLE[f"{package}.*"]
    return ()


def _parents(name: str) -> Iterator[str]:
    yield name
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def is_client(name: str) -> bool:
    """Tell whether calling ``name`` makes a client: an object whose methods talk to the world."""
    return name in _CLIENTS or any(f"{package}.*" in _CLIENTS for package in _parents(name))


def _named(names: str, rule: str, instead: str, **more: object) -> list[ForbiddenName]:
    made = ForbiddenName(name="", rule=rule, instead=instead)
    return [replace(made, name=name, **more) for name in names.split()]  # type: ignore[arg-type]


_NOW = "workflow.now()"
_TIME = "workflow.time()"
_DICE = "workflow.random()"
_UUID = "workflow.uuid4()"
_GIVEN = "an argument of the workflow, or an activity that reads it"
_ZONE = "an explicit time zone, such as tz=timezone.utc"
_ACTIVITY = "an activity"
_SLEEP = "await workflow.sleep(), or an activity for the work"

_CLOCKS = [
    *_named(
        "time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns"
        " time.process_time time.process_time_ns time.thread_time time.thread_time_ns",
        CLOCK,
        _TIME,
        stopped=True,
    ),
    *_named("time.clock_gettime time.clock_gettime_ns time.clock_getres timeit.default_timer", CLOCK, _TIME),
    *_named("time.localtime", CLOCK, _NOW, stopped=True, when=_not(_given(0, "secs"))),
    *_named("time.gmtime time.ctime time.asctime", CLOCK, _NOW, when=_not(_given(0, "secs"))),
    *_named("time.strftime", CLOCK, "workflow.now().strftime()", when=_not(_given(1, "t"))),
    *_named(
        "datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today",
        CLOCK,
        _NOW,
        stopped=True,
    ),
    *_named("os.times", CLOCK, _TIME, stopped=True),
    *_named("email.utils.formatdate", CLOCK, "email.utils.format_datetime(workflow.now())", when=_not(_given(0, "x"))),
    *_named("email.utils.localtime", CLOCK, _NOW, when=_not(_given(0, "dt"))),
    *_named(
        "pendulum.now pendulum.today arrow.now arrow.utcnow django.utils.timezone.now pandas.Timestamp.now"
        " pandas.Timestamp.utcnow whenever.Instant.now whenever.ZonedDateTime.now",
        CLOCK,
        _NOW,
    ),
]

_DICES = [
    *_named(
        " ".join(
            f"random.{name}"
            for name in words(
                "betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits"
                " lognormvariate normalvariate paretovariate randbytes randint random randrange sample seed setstate"
                " shuffle triangular uniform vonmisesvariate weibullvariate"
            )
        ),
        RANDOM,
        _DICE,
        stopped=True,
    ),
    *_named("random.Random", RANDOM, f"{_DICE}, or a seed", when=_not(_given(0, "x"))),
    *_named("random.SystemRandom", RANDOM, _DICE),
    *_named(
        "secrets.choice secrets.randbelow secrets.randbits secrets.token_bytes secrets.token_hex secrets.token_urlsafe"
        " secrets.SystemRandom",
        RANDOM,
        f"{_UUID} or {_DICE}, or an activity for a real secret",
        stopped=True,
    ),
    *_named("uuid.uuid1 uuid.uuid4 uuid.uuid7", RANDOM, _UUID, stopped=True),
    *_named("uuid.uuid6 uuid.getnode shortuuid.uuid nanoid.generate cuid.cuid ksuid.ksuid", RANDOM, _UUID),
    *_named("ulid.new ulid.ULID ulid.from_timestamp uuid_utils.uuid4 uuid_utils.uuid7", RANDOM, _UUID),
    *_named("os.urandom os.getrandom", RANDOM, _DICE, stopped=True),
    *_named("ssl.RAND_bytes", RANDOM, _DICE),
    *_named("email.utils.make_msgid", RANDOM, f"an id made from {_UUID}"),
    *_named("numpy.random.default_rng", RANDOM, f"{_DICE}, or a seed", when=_not(_given(0, "seed"))),
    *_named(
        " ".join(
            f"numpy.random.{name}"
            for name in words("rand randn randint random choice shuffle permutation uniform normal seed")
        ),
        RANDOM,
        _DICE,
    ),
]

_STATE = [
    *_named("os.environ os.environb", PROCESS, _GIVEN, stopped=True, attribute=True),
    *_named("posix.environ", PROCESS, _GIVEN, attribute=True),
    *_named("os.getenv os.getenvb os.putenv os.unsetenv os.getpid os.getppid", PROCESS, _GIVEN, stopped=True),
    *_named("os.cpu_count os.uname os.getlogin os.getcwd os.getcwdb os.getuid", PROCESS, _GIVEN, stopped=True),
    *_named("os.getloadavg os.sched_getaffinity os.get_terminal_size", PROCESS, _GIVEN, stopped=True),
    *_named("os.stat", PROCESS, _ACTIVITY),
    *_named("os.lstat", PROCESS, _ACTIVITY, stopped=True),
    *_named(
        "sys.argv sys.orig_argv sys.path sys.platform sys.version sys.version_info", PROCESS, _GIVEN, attribute=True
    ),
    *_named("sys.executable sys.prefix sys.base_prefix sys.flags", PROCESS, _GIVEN, attribute=True),
    *_named("sys.modules sys.byteorder sys.hash_info sys.implementation", PROCESS, _GIVEN, attribute=True),
    *_named("sys.getsizeof sys.getrefcount sys.getdefaultencoding sys.getfilesystemencoding", PROCESS, _GIVEN),
    *_named("sys.getrecursionlimit sys._getframe gc.get_count gc.get_objects", PROCESS, _GIVEN),
    *_named(
        " ".join(
            f"platform.{name}"
            for name in words(
                "architecture machine node platform processor python_build python_implementation python_version"
                " python_version_tuple release system uname version mac_ver freedesktop_os_release"
            )
        ),
        PROCESS,
        _GIVEN,
        stopped=True,
    ),
    *_named(
        "locale.getlocale locale.setlocale locale.localeconv locale.getdefaultlocale locale.getpreferredencoding"
        " locale.getencoding locale.nl_langinfo locale.currency locale.format_string locale.strxfrm locale.strcoll"
        " getpass.getuser",
        PROCESS,
        _GIVEN,
        stopped=True,
    ),
    *_named(
        "importlib.metadata.version importlib.metadata.distribution importlib.metadata.distributions"
        " importlib.metadata.metadata importlib.metadata.entry_points importlib.metadata.requires"
        " importlib.metadata.packages_distributions pkg_resources.get_distribution",
        PROCESS,
        _GIVEN,
    ),
    *_named("socket.gethostname socket.getfqdn", PROCESS, _GIVEN, stopped=True),
    *_named("tempfile.gettempdir tempfile.gettempprefix", PROCESS, _ACTIVITY, stopped=True),
    *_named("time.tzname time.timezone time.altzone time.daylight", PROCESS, _ZONE, attribute=True),
    *_named("time.localtime", PROCESS, "time.gmtime(seconds)", stopped=True, when=_given(0, "secs")),
    *_named("time.ctime", PROCESS, "time.asctime(time.gmtime(seconds))", when=_given(0, "secs")),
    *_named("time.mktime", PROCESS, "calendar.timegm()"),
    *_named("time.tzset", PROCESS, _ZONE, stopped=True),
    *_named("datetime.datetime.fromtimestamp", PROCESS, _ZONE, when=_not(_given(1, "tz"))),
    *_named("datetime.date.fromtimestamp", PROCESS, "datetime.fromtimestamp(seconds, tz=timezone.utc).date()"),
    *_named("datetime.datetime.astimezone", PROCESS, _ZONE, when=_not(_given(0, "tz"))),
    *_named("email.utils.formatdate", PROCESS, _ZONE, when=_true(1, "localtime")),
    *_named("tzlocal.get_localzone tzlocal.get_localzone_name dateutil.tz.tzlocal dateutil.tz.gettz", PROCESS, _ZONE),
    *_named("dotenv.load_dotenv dotenv.dotenv_values", PROCESS, _GIVEN),
]

_PATH_METHODS = (
    "chmod cwd exists expanduser glob group hardlink_to home is_block_device is_char_device is_dir is_fifo is_file"
    " is_mount is_socket is_symlink iterdir lchmod lstat mkdir open owner read_bytes read_link read_text rename replace"
    " resolve rglob rmdir samefile stat symlink_to touch unlink write_bytes write_text"
)
_OS_FILES = (
    "access chdir chmod chown close fdopen fsync ftruncate link listdir makedirs mkdir mkfifo open pipe read readlink"
    " remove removedirs rename renames replace rmdir scandir statvfs symlink sync truncate unlink utime walk write"
)
_FILES = [
    *_named("builtins.open builtins.input", IO, _ACTIVITY, stopped=True),
    *_named(
        "io.open io.open_code io.FileIO codecs.open tokenize.open linecache.getline linecache.getlines", IO, _ACTIVITY
    ),
    *_named(" ".join(f"pathlib.Path.{name}" for name in _PATH_METHODS.split()), IO, _ACTIVITY, stopped=True),
    *_named(" ".join(f"os.{name}" for name in _OS_FILES.split()), IO, _ACTIVITY, stopped=True),
    *_named(
        " ".join(
            f"os.path.{name}"
            for name in words(
                "abspath exists expanduser getatime getctime getmtime getsize isdir isfile islink ismount lexists"
                " realpath samefile"
            )
        ),
        IO,
        _ACTIVITY,
        stopped=True,
    ),
    *_named("pathlib.Path.absolute pathlib.Path.readlink pathlib.Path.walk", IO, _ACTIVITY),
    *_named("glob.* shutil.* tempfile.* dbm.* shelve.* fileinput.* filecmp.*", IO, _ACTIVITY, stopped=True),
    *_named("gzip.open bz2.open lzma.open tarfile.open mmap.mmap", IO, _ACTIVITY, stopped=True),
    *_named("zipfile.ZipFile importlib.resources.read_text importlib.resources.files", IO, _ACTIVITY),
    *_named("aiofiles.open anyio.open_file anyio.Path", IO, _ACTIVITY),
]

_CLIENT_CLASSES = (
    "openai.OpenAI openai.AsyncOpenAI openai.AzureOpenAI openai.AsyncAzureOpenAI anthropic.Anthropic"
    " anthropic.AsyncAnthropic anthropic.AnthropicBedrock anthropic.AsyncAnthropicBedrock anthropic.AnthropicVertex"
    " anthropic.AsyncAnthropicVertex google.genai.Client mistralai.Mistral cohere.Client cohere.AsyncClient groq.Groq"
    " groq.AsyncGroq ollama.Client ollama.AsyncClient langchain_openai.ChatOpenAI langchain_anthropic.ChatAnthropic"
    " httpx.Client httpx.AsyncClient httpx2.Client httpx2.AsyncClient aiohttp.ClientSession urllib3.PoolManager"
    " http.client.HTTPConnection http.client.HTTPSConnection boto3.client boto3.resource boto3.session.Session"
    " redis.Redis redis.StrictRedis redis.from_url redis.asyncio.Redis redis.asyncio.from_url redis.client.Redis"
    " pymongo.MongoClient motor.motor_asyncio.AsyncIOMotorClient psycopg.connect psycopg.AsyncConnection.connect"
    " psycopg2.connect asyncpg.connect asyncpg.create_pool aiosqlite.connect sqlite3.connect sqlite3.Connection"
    " sqlalchemy.create_engine sqlalchemy.ext.asyncio.create_async_engine mysql.connector.connect pymysql.connect"
    " smtplib.SMTP smtplib.SMTP_SSL aiosmtplib.SMTP ftplib.FTP imaplib.IMAP4 imaplib.IMAP4_SSL poplib.POP3"
    " xmlrpc.client.ServerProxy slack_sdk.WebClient slack_sdk.web.async_client.AsyncWebClient stripe.StripeClient"
    " qdrant_client.QdrantClient chromadb.Client chromadb.PersistentClient chromadb.HttpClient pinecone.Pinecone"
    " weaviate.Client elasticsearch.Elasticsearch kafka.KafkaProducer grpc.insecure_channel grpc.secure_channel"
    " grpc.aio.insecure_channel grpc.aio.secure_channel websockets.connect paramiko.SSHClient docker.from_env"
    " temporalio.client.Client.connect"
)
_CLIENTS = frozenset(_CLIENT_CLASSES.split())
_HTTP = "get post put patch delete head options request stream"
_NETWORK = [
    *_named(_CLIENT_CLASSES, IO, _ACTIVITY),
    *_named(" ".join(f"httpx.{name}" for name in _HTTP.split()), IO, _ACTIVITY),
    *_named(
        "urllib.request.* http.server.* socketserver.* smtplib.* ftplib.* poplib.* imaplib.*",
        IO,
        _ACTIVITY,
        stopped=True,
    ),
    *_named("socket.* select.* selectors.* subprocess.* webbrowser.*", IO, _ACTIVITY, stopped=True),
    *_named(
        "os.system os.popen os.fork os.forkpty os.kill os.posix_spawn os.execv os.execvp os.startfile",
        IO,
        _ACTIVITY,
        stopped=True,
    ),
    *_named("asyncio.create_subprocess_exec asyncio.create_subprocess_shell", IO, _ACTIVITY),
    *_named("asyncio.open_connection asyncio.start_server asyncio.open_unix_connection", IO, _ACTIVITY),
    *_named("urllib3.request openai.chat.completions.create litellm.completion litellm.acompletion", IO, _ACTIVITY),
    *_named("litellm.embedding litellm.aembedding ollama.chat ollama.generate ollama.embed", IO, _ACTIVITY),
    *_named("aiohttp.request feedparser.parse yfinance.download pandas.read_csv pandas.read_sql", IO, _ACTIVITY),
    *_named("agents.Runner.run_sync", IO, "await Runner.run() with the OpenAI Agents plugin of Temporal"),
]

_BLOCKS = [
    *_named("time.sleep", BLOCKING, "await workflow.sleep()", stopped=True),
    *_named("gevent.sleep eventlet.sleep trio.sleep anyio.sleep", BLOCKING, "await workflow.sleep()"),
    *_named(
        " ".join(
            f"threading.{name}"
            for name in words(
                "Thread Timer Lock RLock Condition Semaphore BoundedSemaphore Event Barrier get_ident get_native_id"
                " current_thread active_count enumerate"
            )
        ),
        BLOCKING,
        "asyncio's tasks and locks, or an activity for the work",
        stopped=True,
    ),
    *_named("_thread.start_new_thread _thread.start_new _thread.allocate_lock _thread.get_ident", BLOCKING, _SLEEP),
    *_named("concurrent.futures.* multiprocessing.*", BLOCKING, _ACTIVITY, stopped=True),
    *_named("queue.Queue queue.SimpleQueue queue.LifoQueue queue.PriorityQueue", BLOCKING, "asyncio.Queue"),
    *_named(
        "asyncio.to_thread asyncio.run asyncio.run_coroutine_threadsafe asyncio.new_event_loop", BLOCKING, _ACTIVITY
    ),
    *_named("anyio.to_thread.run_sync anyio.from_thread.run anyio.run asgiref.sync.sync_to_async", BLOCKING, _ACTIVITY),
    *_named("asgiref.sync.async_to_sync nest_asyncio.apply", BLOCKING, _ACTIVITY),
    *_named(" ".join(f"requests.{name}" for name in _HTTP.split()), BLOCKING, _ACTIVITY),
    *_named("requests.Session requests.session requests.sessions.Session", BLOCKING, _ACTIVITY),
    *_named("signal.pause signal.alarm signal.sigwait", BLOCKING, _SLEEP, stopped=True),
]

_RACES = [
    *_named("asyncio.wait", ORDER, "workflow.wait()"),
    *_named("asyncio.as_completed", ORDER, "workflow.as_completed()"),
]

_EXEMPT = words(
    "concurrent.futures.CancelledError concurrent.futures.TimeoutError subprocess.CalledProcessError"
    " subprocess.TimeoutExpired urllib.request.Request urllib.request.quote urllib.request.pathname2url socket.timeout"
    " socket.gaierror socket.error socket.inet_aton socket.inet_ntoa socket.htons socket.ntohs glob.escape"
    " multiprocessing.TimeoutError subprocess.list2cmdline shutil.Error subprocess.SubprocessError"
    " concurrent.futures.BrokenExecutor smtplib.SMTPException shutil.SameFileError glob.has_magic"
    " concurrent.futures.InvalidStateError socket.herror imaplib.Time2Internaldate"
)

_ALL = [*_CLOCKS, *_DICES, *_STATE, *_FILES, *_NETWORK, *_BLOCKS, *_RACES]


def _table() -> Mapping[str, tuple[ForbiddenName, ...]]:
    by_name: dict[str, tuple[ForbiddenName, ...]] = {}
    for source in _ALL:
        by_name[source.name] = (*by_name.get(source.name, ()), source)
    return by_name


_TABLE = _table()

ATTRIBUTES = frozenset(source.name.rpartition(".")[2] for source in _ALL if source.attribute)
"""Last parts of the names of attributes that workflow code may not read."""

EXACT = frozenset(source.name for source in _ALL if not source.name.endswith("*"))
"""Names that the table holds themselves, not by their package."""
