"""Models from the shell: trained, described, and used for everything that they are good for."""

import json
import os
import pty
import signal
import subprocess
import time

import numpy as np
import pytest

from conftest import BINARY, FIXTURES

MAST = FIXTURES / "met_mast.csv"
KINDS = ["linear", "deep", "sparse", "denoising", "contractive", "variational"]


def table(count=600, seed=5):
    """Six fields that follow from two."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(count, 2))
    return (hidden @ random.normal(size=(2, 6)) + 0.01 * random.normal(size=(count, 6)) + 3).astype("f4")


@pytest.fixture
def records(aezip):
    records = table()
    np.save(aezip / "t.npy", records)
    return records


@pytest.fixture
def model(aezip, records):
    aezip("train", "t.npy", "-o", "m.aezm", "--kind", "linear", "--latents", 2)
    return aezip / "m.aezm"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trains_and_is_the_same_from_one_seed(aezip, records, kind):
    arguments = ["train", "t.npy", "--kind", kind, "--latents", 2, "--epochs", 20]
    done = aezip(*arguments, "-o", "a.aezm", "--threads", 1)
    assert "t.npy -> a.aezm: " + kind in done.error and "loss" in done.error
    aezip(*arguments, "-o", "b.aezm", "--threads", 2)
    assert (aezip / "a.aezm").read_bytes() == (aezip / "b.aezm").read_bytes()
    told = json.loads(aezip("info", "a.aezm", "--json").stdout)
    assert told["kind"] == kind and told["latents"] == 2 and told["fields"] == 6
    assert len(told["history"]) == (0 if kind == "linear" else 20)
    shown = aezip("info", "a.aezm").stdout.decode()
    assert shown.startswith("a.aezm: " + kind) and "digest " + told["digest"] in shown
    if kind != "linear":
        title, *table = [line.split() for line in shown[shown.index("\nepoch ") + 1 :].splitlines()[:21]]
        assert title == ["epoch", "loss", "held", "out"]
        for line, losses in zip(table, told["history"]):
            assert np.allclose([float(word) for word in line[1:]], losses, rtol=1e-3)
        assert [line[0] for line in table] == [str(n) for n in range(1, 21)]
    aezip("score", "t.npy", "--model", "a.aezm", "-o", "s.npy")
    assert np.load(aezip / "s.npy").shape == (600, 1)


KNOBS = {
    "deep": {"latents": 3, "hidden": [9, 7], "decoder_hidden": [8], "activations": ["relu", "tanh", "sigmoid"],
             "latent_activation": "tanh", "skip": False, "pretrain": True, "learning_rate": 0.004, "momentum": 0.8,
             "batch_size": 50, "epochs": 6, "patience": 4, "validation": 0.2, "warmup": 0.2, "weight_decay": 0.1,
             "dropout": 0.1, "maximum_records": 500, "seed": 9, "abs": 0.01, "cosine": False},
    "linear": {"latents": 2, "epochs": 9, "optimizer": "sgd", "rel": 0.1, "closed_form": False},
    "sparse": {"latents": 8, "epochs": 4, "sparsity": "kl", "sparsity_weight": 0.5, "sparsity_target": 0.2},
    "denoising": {"epochs": 4, "noise": "salt-and-pepper", "noise_amount": 0.2, "activation": "sigmoid", "skip": True},
    "contractive": {"latents": 2, "epochs": 4, "contraction": 0.3, "loss": "squared"},
    "variational": {"latents": 2, "epochs": 4, "beta": 0.2, "hidden": []},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_knob_is_the_same_from_the_shell_and_from_python(aezip, records, kind):
    binding = pytest.importorskip("aezip", reason="needs Bindings/Python in PYTHONPATH and the library")
    knobs, words = KNOBS[kind], []
    for name, value in knobs.items():
        option = "--" + {"batch_size": "batch", "closed_form": "descent"}.get(name, name).replace("_", "-")
        if isinstance(value, list):
            words += [option, ",".join(map(str, value)) or "none"]
        elif isinstance(value, bool):
            words.append(option if value or option == "--descent" else option.replace("--", "--no-"))
        else:
            words += [option, value]
    aezip("train", "t.npy", "-o", "m.aezm", "--kind", kind, *words)
    assert (aezip / "m.aezm").read_bytes() == bytes(binding.train(records, kind=kind, **knobs))


def test_another_seed_gives_another_model(aezip, records):
    for seed in (0, 1):
        aezip("train", "t.npy", "-o", f"{seed}.aezm", "--latents", 2, "--epochs", 3, "--seed", seed)
    assert (aezip / "0.aezm").read_bytes() != (aezip / "1.aezm").read_bytes()


def test_a_file_of_any_ending_is_known_as_a_model(aezip, model):
    model.rename(aezip / "other")
    assert b"linear 6-2-6" in aezip("info", "other").stdout
    aezip("compress", "t.npy", "--exact")
    assert "container of records, not a model" in aezip.fails(
        65, "score", "t.npy", "--model", "t.npy.aez")


def test_latents_there_and_back(aezip, records, model):
    aezip("encode", "t.npy", "--model", "m.aezm", "-o", "z.npy")
    latents = np.load(aezip / "z.npy")
    assert latents.shape == (600, 2) and latents.dtype == np.float32
    aezip("decode", "z.npy", "--model", "m.aezm", "-o", "b.npy")
    back = np.load(aezip / "b.npy")
    assert back.dtype == np.float32 and np.abs(back - records).max() < 0.1
    aezip("encode", "t.npy", "--model", "m.aezm", "-o", "z.csv")
    assert (aezip / "z.csv").read_text().startswith("z0,z1\n")
    raw = aezip("encode", "-", "--format", "npy", "--model", "m.aezm", "-o", "-",
                input=(aezip / "t.npy").read_bytes()).stdout
    assert raw == latents.tobytes()
    assert "6 columns, but m.aezm has 2 latents" in aezip.fails(
        65, "decode", "t.npy", "--model", "m.aezm", "-o", "c.npy")


def test_scores_are_squared_errors_in_units_of_spread(aezip, records, model):
    records[77, 3] += 30
    np.save(aezip / "t.npy", records)
    shown = aezip("score", "t.npy", "--model", "m.aezm", "--top", 3, "-o", "s.f64").stdout.decode()
    scores = np.fromfile(aezip / "s.f64")
    assert scores.argmax() == 77 and scores.shape == (600,)
    lines = shown.splitlines()
    assert lines[0].split() == ["record", "score", "worst", "fields"] and len(lines) == 4
    assert lines[1].split()[0] == "77" and lines[1].split()[2] == "3"
    aezip("encode", "t.npy", "--model", "m.aezm", "-o", "z.npy")
    aezip("decode", "z.npy", "--model", "m.aezm", "-o", "b.npy")
    clean = np.delete(np.arange(600), 77)
    spread = table().std(axis=0)
    expected = (((np.load(aezip / "b.npy") - records) / spread) ** 2).mean(axis=1)
    assert np.allclose(scores[clean], expected[clean], rtol=0.1, atol=1e-5)
    only = aezip("score", "t.npy", "--model", "m.aezm", "-o", "-").stdout.decode().splitlines()
    assert only[0] == "score" and len(only) == 601
    assert np.isclose(float(only[78]), scores[77])


def test_a_csv_comes_back_with_its_missing_values_filled_in(aezip):
    lines = MAST.read_text().splitlines()[:2001]
    cells = [line.split(",") for line in lines]
    for row in cells[1::10]:
        row[0] = ""
    aezip.write("gaps.csv", "".join(",".join(row) + "\n" for row in cells))
    aezip("train", "gaps.csv", "-o", "m.aezm", "--kind", "linear", "--latents", 8)
    aezip("reconstruct", "gaps.csv", "--model", "m.aezm", "-o", "f.csv", "--only-missing")
    filled = [line.split(",") for line in (aezip / "f.csv").read_text().splitlines()]
    truth = np.array([float(line.split(",")[0]) for line in lines[1::10]])
    found = np.array([float(row[0]) for row in filled[1::10]])
    assert np.sqrt(np.mean((found - truth) ** 2)) < 0.25 * truth.std()
    assert [row[1:] for row in filled] == [row[1:] for row in cells]
    assert [row for n, row in enumerate(filled) if n % 10 != 1] == [
        row for n, row in enumerate(cells) if n % 10 != 1]


def test_texts_and_times_are_left_out_and_columns_found_by_name(aezip):
    rows = [f"{'ab'[n % 2]},{n},2024-01-{n % 28 + 1:02d},{2 * n + 1}" for n in range(300)]
    aezip.write("t.csv", "\n".join(["name,x,day,y", *rows]) + "\n")
    done = aezip("train", "t.csv", "-o", "m.aezm", "--kind", "linear", "--latents", 1)
    assert "column 'name' holds no numbers and is left out" in done.error
    told = json.loads(aezip("info", "m.aezm", "--json").stdout)
    assert told["names"] == ["x", "y"]
    turned = [",".join(reversed(row.split(","))) for row in rows]
    aezip.write("u.csv", "\n".join(["y,day,x,name", *turned]) + "\n")
    aezip("encode", "t.csv", "--model", "m.aezm", "-o", "a.npy")
    aezip("encode", "u.csv", "--model", "m.aezm", "-o", "b.npy")
    assert np.array_equal(np.load(aezip / "a.npy"), np.load(aezip / "b.npy"))
    aezip.write("v.csv", "x,z\n1,2\n3,4\n")
    assert "no column 'y' of numbers" in aezip.fails(
        65, "encode", "v.csv", "--model", "m.aezm", "-o", "c.npy")


def test_new_records_are_drawn_from_a_variational_model(aezip, records, model):
    aezip("train", "t.npy", "-o", "v.aezm", "--kind", "variational", "--latents", 2, "--epochs", 60)
    for seed in (0, 0, 1):
        aezip("sample", "--model", "v.aezm", "-n", 500, "--seed", seed, "-o", f"{seed}.npy", "--force")
    drawn, other = np.load(aezip / "0.npy"), np.load(aezip / "1.npy")
    assert drawn.shape == (500, 6) and drawn.dtype == np.float32 and not np.array_equal(drawn, other)
    assert np.abs(drawn.mean(axis=0) - records.mean(axis=0)).max() < records.std(axis=0).max()
    raw = aezip("sample", "--model", "v.aezm", "-n", 500, "-o", "-").stdout
    assert raw[-drawn.nbytes:] == drawn.tobytes()
    assert "only variational models" in aezip.fails(65, "sample", "--model", "m.aezm", "-n", 5, "-o", "x.npy")
    assert "-n 0" in aezip.fails(64, "sample", "--model", "v.aezm", "-n", 0, "-o", "x.npy")


def test_each_layer_may_have_its_own_activation(aezip, records):
    aezip("train", "t.npy", "-o", "a.aezm", "--latents", 2, "--hidden", "8", "--decoder-hidden", "9",
          "--activations", "relu,sigmoid", "--latent-activation", "tanh", "--epochs", 3, "--no-cosine")
    told = json.loads(aezip("info", "a.aezm", "--json").stdout)
    assert [layer["activation"] for layer in told["layers"]] == ["relu", "tanh", "sigmoid", "identity"]
    assert "activations" in aezip.fails(64, "train", "t.npy", "-o", "b.aezm", "--activations", "relu,x")


def test_recommended_fields_are_those_of_like_records(aezip):
    random = np.random.default_rng(3)
    kind = random.integers(0, 2, 500)
    baskets = (random.random((500, 6)) < np.where(np.arange(6) < 3, kind[:, None], 1 - kind[:, None]) * 0.7)
    lines = ["a,b,c,x,y,z", *[",".join(map(str, row)) for row in baskets.astype(int)]]
    aezip.write("b.csv", "\n".join(lines) + "\n")
    aezip("train", "b.csv", "-o", "m.aezm", "--kind", "linear", "--latents", 2)
    aezip.write("q.csv", "a,b,c,x,y,z\n1,1,0,0,0,0\n0,0,0,0,1,1\n")
    found = aezip("recommend", "q.csv", "--model", "m.aezm", "-k", 1).stdout.decode().splitlines()
    assert found[0] == "record,field,expected"
    assert [line.split(",")[:2] for line in found[1:]] == [["0", "c"], ["1", "x"]]


def test_search_finds_records_by_their_latents(aezip, records):
    aezip("compress", "t.npy", "--abs", 0.01, "--latents", 2)
    np.save(aezip / "q.npy", records[[5, 300]])
    found = aezip("search", "t.npy.aez", "--query", "q.npy", "-k", 2).stdout.decode().splitlines()
    assert found[0] == "query,record,distance" and len(found) == 5
    assert found[1].startswith("0,5,") and found[3].startswith("1,300,")
    aezip("search", "t.npy.aez", "--query", "q.npy", "-o", "f.csv")
    assert len((aezip / "f.csv").read_text().splitlines()) == 21
    aezip("compress", "t.npy", "--abs", 0.01, "--latents", 0, "-o", "none.aez")
    assert "--latents" in aezip.fails(65, "search", "none.aez", "--query", "q.npy")
    np.save(aezip / "w.npy", records[:, :3])
    assert "3 fields, but t.npy.aez holds 6" in aezip.fails(65, "search", "t.npy.aez", "--query", "w.npy")


@pytest.mark.parametrize(
    "exit, arguments, words",
    [
        (64, ["train", "t.npy"], "output"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--kind", "other"], "kind"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--hidden", "3,,4"], "hidden"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--latents", "-1"], "latents"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--dropout", "2"], "dropout"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--rel", "1", "--abs", "1"], "not both"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--abs", "nan"], "--abs"),
        (64, ["train", "t.npy", "-o", "x.aezm", "--kind", "linear", "--hidden", "3"], "linear"),
        (65, ["train", "empty.npy", "-o", "x.aezm"], "needs 2 or more"),
        (66, ["train", "none.npy", "-o", "x.aezm"], "no such file"),
        (73, ["train", "t.npy", "-o", "m.aezm"], "--force"),
        (73, ["train", "t.npy", "-o", "none/m.aezm"], "cannot be created"),
        (65, ["score", "t.npy", "--model", "t.npy"], "not an aezip container or model"),
        (65, ["score", "t.npy", "--model", "cut.aezm"], "truncated"),
        (65, ["score", "w.npy", "--model", "m.aezm"], "6 fields"),
        (66, ["score", "t.npy", "--model", "none.aezm"], "no such file"),
        (64, ["score", "-", "--format", "npy", "--model", "-"], "both standard input"),
        (64, ["score", "t.npy", "--model", "m.aezm", "--top", "-1"], "--top"),
        (64, ["recommend", "t.npy", "--model", "m.aezm", "-k", "0"], "-k 0"),
        (64, ["search", "m.aezm", "--query", "t.npy", "-k", "0"], "-k 0"),
        (64, ["reconstruct", "t.npy", "--model", "m.aezm", "-o", "y.npy", "--iterations", "0"], "--iterations"),
        (73, ["encode", "t.npy", "--model", "m.aezm", "-o", "t.npy"], "--force"),
    ],
)
def test_what_is_wrong_is_said(aezip, records, model, exit, arguments, words):
    np.save(aezip / "empty.npy", records[:0])
    np.save(aezip / "w.npy", records[:, :4])
    (aezip / "cut.aezm").write_bytes(model.read_bytes()[:-9])
    assert words in aezip.fails(exit, *arguments)


def test_an_interrupted_training_leaves_nothing(aezip):
    np.save(aezip / "t.npy", table(20000))
    running = subprocess.Popen(
        [BINARY, "train", "t.npy", "-o", "m.aezm", "--epochs", "100000"], cwd=aezip.folder,
        stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    assert running.wait(10) == 130
    assert list(aezip.listing()) == ["t.npy"]


def test_a_terminal_shows_loss_and_time_left(aezip):
    np.save(aezip / "t.npy", table(200000))
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [BINARY, "train", "t.npy", "-o", "m.aezm", "--epochs", "60", "--latents", "2", "--hidden", "8"],
        cwd=aezip.folder, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert running.wait(60) == 0
    for words in (b"training  [#", b"of 60, loss ", b"held out", b"s left"):
        assert words in shown, shown
    assert b"t.npy -> m.aezm: deep" in shown.split(b"\x1b[K")[-1]
