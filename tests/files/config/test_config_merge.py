"""One config out of several: `extends`, `null`, the environment and `--set`."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.files.config.read import read_config
from harness.types.experiment import Experiment

BASE = """\
evalset: ../data
repeats: 3
models:
  gpt: {provider: openai, model: gpt-4o-mini, temperature: 0, stop: [a, b]}
variants:
  plain:
    prompt: {system: p.md, user: "{{ q }}"}
    model: gpt
  rag:
    extends: plain
    retrieve: {top_k: 4, corpus: docs}
    fewshot: 3
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base config in one folder, with what it names."""
    for folder in ("base/docs", "data", "mine"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "base/p.md").write_text("base prompt")
    (tmp_path / "mine/p.md").write_text("my prompt")
    (tmp_path / "base/base.yaml").write_text(BASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, *sets: str, environ: Mapping[str, str] | None = None) -> Experiment:
    """Read a config that stands in mine/x.yaml."""
    Path("mine/x.yaml").write_text(text)
    return read_config("mine/x.yaml", sets=sets, environ=environ or {})


def refused(text: str, *sets: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The lines that a config is refused with."""
    with pytest.raises(ConfigError) as raised:
        read(text, *sets, environ=environ)
    return [str(fault) for fault in raised.value.faults]


def options(experiment: Experiment, name: str, kind: str) -> Mapping[str, object]:
    """The options of one stage of a variant."""
    return next(one.options for one in experiment.variant(name).stages if one.kind == kind)


def test_a_file_takes_over_another_deeply():
    """Mappings merge key by key, scalars and lists are replaced, short forms merge as their long ones."""
    experiment = read(
        "extends: ../base/base.yaml\nmodels: {gpt: {stop: [c]}}\nvariants: {rag: {fewshot: {select: first}}}\n"
    )
    assert experiment.repeats == 3
    model = experiment.variant("rag").model
    assert model is not None
    assert model.params == {"temperature": 0.0, "stop": ["c"]}
    assert options(experiment, "rag", "fewshot") == {"k": 3, "select": "first"}
    assert [one.name for one in experiment.variants] == ["plain", "rag"]


def test_paths_belong_to_the_file_that_names_them(project):
    """An inherited path is found beside its own file, one that is written here beside this one."""
    experiment = read("extends: ../base/base.yaml\nvariants: {plain: {prompt: p.md}}\n")
    assert experiment.evalset.folder == str(project / "data")
    assert options(experiment, "rag", "retrieve")["corpus"] == str(project / "base/docs")
    assert options(experiment, "plain", "prompt")["system"] == "my prompt"
    assert options(read("extends: ../base/base.yaml\n"), "plain", "prompt")["system"] == "base prompt"
    assert experiment.resolved["variants"]["rag"]["retrieve"]["corpus"] == "../base/docs"


def test_extends_may_chain(project):
    """A grandparent's keys come through, and the nearest file wins."""
    Path("base/middle.yaml").write_text("extends: base.yaml\nrepeats: 5\nseed: 9\n")
    experiment = read("extends: ../base/middle.yaml\nseed: 1\n")
    assert (experiment.repeats, experiment.seed) == (5, 1)


def test_null_deletes_what_is_inherited():
    """From another file, from another variant, and for a variant as a whole."""
    experiment = read("extends: ../base/base.yaml\nrepeats: null\nvariants: {rag: {retrieve: null}}\n")
    assert experiment.repeats == 1
    assert [one.kind for one in experiment.variant("rag").stages] == ["fewshot", "prompt", "generate"]
    experiment = read("extends: ../base/base.yaml\nvariants: {more: {extends: rag, fewshot: null}, rag: null, x: {extends: more}}\n".replace("extends: rag", "extends: plain"))  # fmt: skip
    assert [one.name for one in experiment.variants] == ["plain", "more", "x"]


def test_a_null_reaches_through_to_the_sibling():
    """A key that a child file deletes is not taken over again from the variant that is extended."""
    Path("base/base.yaml").write_text(BASE.replace("    fewshot: 3\n", "").replace("    model: gpt\n", "    model: gpt\n    fewshot: 3\n"))  # fmt: skip
    experiment = read("extends: ../base/base.yaml\nvariants: {rag: {fewshot: null}}\n")
    assert [one.kind for one in experiment.variant("rag").stages] == ["retrieve", "prompt", "generate"]
    assert [one.kind for one in experiment.variant("plain").stages] == ["fewshot", "prompt", "generate"]


def test_an_inherited_fault_is_named_where_it_stands():
    """The parent's file and line, once, however many variants take it over."""
    Path("base/base.yaml").write_text(BASE.replace("p.md", "q.md").replace("top_k: 4", "top_k: 0"))
    assert refused("extends: ../base/base.yaml\nrepeats: two\n") == [
        "mine/x.yaml:2: repeats: expected a whole number of at least 1, found 'two'",
        "base/base.yaml:11: variants.rag.retrieve.top_k: expected a whole number of at least 1, found 0",
    ]
    Path("base/base.yaml").write_text(BASE.replace("p.md", "q.md"))
    assert refused("extends: ../base/base.yaml\n") == [
        "base/base.yaml:7: variants.plain.prompt.system: no such file 'q.md'; did you mean 'p.md'?"
    ]


def test_a_circle_of_files_is_named():
    """Every file of the circle, and the line that closes it."""
    Path("base/base.yaml").write_text("extends: ../mine/x.yaml\n")
    assert refused("name: x\nextends: ../base/base.yaml\n") == [
        "base/base.yaml:1: extends: a circle, x.yaml → base.yaml → x.yaml; break it"
    ]


def test_a_circle_of_variants_is_named():
    """Every variant of the circle, and nothing else."""
    text = "evalset: ../data\nvariants:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n"
    assert refused(text) == ["mine/x.yaml:5: variants.c.extends: a circle, a → b → c → a; break it"]


@pytest.mark.parametrize(
    ("extends", "line"),
    [
        ("../base/bse.yaml", "no such file '../base/bse.yaml'; did you mean '../base/base.yaml'?"),
        ("${NOPE}", "the environment variable NOPE is not set; set it, or write ${NOPE:-default}"),
        ("../nope/base.yaml", "no such file '../nope/base.yaml'; there is no folder nope"),
    ],
)
def test_a_parent_that_is_not_there_is_named(extends, line):
    """With the line that names it, and what lies near."""
    assert refused(f"name: x\nextends: {extends}\n") == [f"mine/x.yaml:2: extends: {line}"]


def test_a_parent_may_be_named_by_the_environment():
    """`extends` is a path like any other."""
    assert read("extends: ${B:-../base}/base.yaml\n").repeats == 3
    assert read("extends: ${B:-../nope}/base.yaml\n", environ={"B": "../base"}).repeats == 3


def test_the_environment_is_read_in_paths_urls_and_names(project):
    """Set, unset with a default, and several in one value."""
    text = """\
name: ${EXP:-faq}
evalset: ${DATA:-../data}
models:
  m: {provider: openai, model: "${FAMILY}-${SIZE:-mini}", base_url: "http://${HOST:-localhost}:1/v1"}
variants:
  a: {prompt: {system: "${DIR:-.}/p.md", user: "Say ${NOPE} {{ q }}"}, model: m}
"""
    experiment = read(text, environ={"FAMILY": "gpt", "DATA": str(project / "data")})
    model = experiment.variant("a").model
    assert model is not None
    assert (experiment.name, model.model, model.base_url) == ("faq", "gpt-mini", "http://localhost:1/v1")
    assert experiment.evalset.folder == str(project / "data")
    assert experiment.resolved["evalset"]["folder"] == "${DATA:-../data}"
    assert options(experiment, "a", "prompt")["system"] == "my prompt"


def test_a_prompt_never_reads_the_environment():
    """A `${…}` in a prompt goes out as it stands, whatever is set."""
    text = "evalset: ../data\nvariants:\n  a: {prompt: 'Pay ${AMOUNT} now', model: openai/m}\n"
    experiment = read(text, environ={"AMOUNT": "5"})
    assert options(experiment, "a", "prompt")["system"] == "Pay ${AMOUNT} now"


def test_an_undefined_variable_is_named_with_its_line():
    """File, line, key and variable."""
    text = "evalset: ${NOPE}/x\nvariants:\n  a: {model: 'openai/${M'}\n"
    assert refused(text) == [
        "mine/x.yaml:1: evalset: the environment variable NOPE is not set; set it, or write ${NOPE:-default}",
        "mine/x.yaml:3: variants.a.model: cannot read the ${…} in it; write ${NAME} or ${NAME:-default}",
    ]


def test_a_missing_file_says_what_the_variable_made_of_it(project):
    """The path as written, and where that led."""
    (line,) = refused("evalset: '${DATA:-../dta}'\nvariants:\n  a: {model: openai/m}\n")
    led = f"no such folder '${{DATA:-../dta}}' ({project / 'dta'}); did you mean 'data'?"
    assert line == f"mine/x.yaml:1: evalset: {led}"


def test_an_empty_path_is_named():
    """A variable that is set to nothing, and a prompt file whose variable is not set at all."""
    text = "evalset: ${DATA}\nvariants:\n  a: {model: openai/m}\n"
    assert refused(text, environ={"DATA": ""}) == ["mine/x.yaml:1: evalset: the path is empty"]
    text = "evalset: ../data\nvariants:\n  a: {model: openai/m, prompt: '${DIR}/p.md'}\n"
    assert refused(text) == [
        "mine/x.yaml:3: variants.a.prompt: the environment variable DIR is not set; set it, or write ${DIR:-default}"
    ]


def test_a_chain_of_files_is_bounded():
    """Seventeen files that are no circle are refused at the line that goes too far."""
    for n in range(20):
        Path(f"base/f{n}.yaml").write_text(f"extends: f{n + 1}.yaml\n")
    (line,) = refused("extends: ../base/f0.yaml\n")
    assert line == "base/f14.yaml:1: extends: more than 16 files in a row"


def test_set_lays_a_value_over_the_file():
    """Read as YAML, before variants take over from one another, through lists and short forms."""
    text = "extends: ../base/base.yaml\nmetrics: [exact]\n"
    experiment = read(
        text,
        "repeats=7",
        "models.gpt.temperature=0.5",
        'variants."plain".prompt.user=hello',
        "variants.rag.fewshot.select=first",
        "variants.rag.retrieve=null",
        "metrics[0].primary=true",
        "variants.plain.partitions=[edge]",
        "description=a = b",
    )
    model = experiment.variant("rag").model
    assert model is not None
    assert (experiment.repeats, model.params["temperature"], experiment.description) == (7, 0.5, "a = b")
    assert options(experiment, "rag", "prompt")["user"] == "hello"
    assert options(experiment, "rag", "fewshot") == {"k": 3, "select": "first"}
    assert [one.kind for one in experiment.variant("rag").stages] == ["fewshot", "prompt", "generate"]
    assert experiment.variant("rag").partitions == ("edge",)
    assert experiment.metrics[0].primary


@pytest.mark.parametrize(
    ("one", "line"),
    [
        ("repeats=two", "--set repeats=…: repeats: expected a whole number of at least 1, found 'two'"),
        ("repaets=2", "--set repaets=…: repaets: unknown key; did you mean 'repeats'?"),
        (
            "variants.rag.retrieve.topk=3",
            "--set variants.rag.retrieve.topk=…: variants.rag.retrieve.topk: unknown key; did you mean 'top_k'?",
        ),
        (
            "variants.rga.model=gpt",
            "--set variants.rga.model=…: variants.rga: not there; did you mean 'rag'?",
        ),
        ("gates[0].at_least=1", "--set gates[0].at_least=…: gates[0]: the list has 0 rows"),
        ("repeats", "--set repeats: not key.path=value; write --set repeats=3"),
        ("=3", "--set =3: not key.path=value; write --set repeats=3"),
        ("a..b=3", "--set a..b=3: not key.path=value; write --set repeats=3"),
        (
            "variants.plain.prompt=nope.md",
            "--set variants.plain.prompt=…: variants.plain.prompt: no such file 'nope.md'; did you mean 'p.md'?",
        ),
    ],
)
def test_a_wrong_set_is_named_as_it_was_typed(one, line):
    """The flag stands where a file's line would."""
    assert refused("extends: ../base/base.yaml\n", one) == [line]


def test_a_set_that_is_not_yaml_is_named():
    """A torn flow value is one line too."""
    (line,) = refused("extends: ../base/base.yaml\n", "stop=[1")
    assert line.startswith("--set stop=…: not YAML: ")
