"""The examples of the documentation's page on uses, run as they stand there, and what it claims of them."""

import re

import numpy as np
import pytest

from conftest import ROOT
from test_readme import run_python, run_shell

PAGE = (ROOT / "Sources" / "AEZip" / "AEZip.docc" / "Uses.md").read_text()


def examples(section, language):
    text = PAGE.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "Tests").symlink_to(ROOT / "Tests")
    return tmp_path


def told(tree, section, number=0):
    """What a Python example prints: names with their numbers."""
    lines = run_python(examples(section, "python")[number], tree).splitlines()
    return {line.split()[0]: [float(word) for word in line.split()[1:]] for line in lines}


def test_latents_serve_a_classifier(tree):
    found = told(tree, "Fewer numbers for another model")
    assert found["deep"][0] >= found["linear"][0] and found["deep"][0] > 0.95
    shown = run_shell(examples("Fewer numbers for another model", "sh")[0], tree)
    assert np.load(tree / "latents.npy").shape == (4000, 6) and "deep 29-" in shown
    assert len((tree / "about.csv").read_text().splitlines()) == 4001


def test_real_anomalies_are_found_better_than_by_components(tree):
    found = told(tree, "Find what is unusual")
    assert found["deep"][0] >= found["linear"][0] and found["deep"][0] > 0.95


def test_planted_anomalies_are_found_better_than_by_components(tree):
    found = told(tree, "Find what is unusual", 1)
    assert found["deep"][0] >= found["linear"][0] and found["deep"][0] > 0.75
    shown = run_shell(examples("Find what is unusual", "sh")[0], tree)
    assert len(shown.splitlines()) == 6 and np.load(tree / "scores.npy").shape == (4000, 1)


def test_gaps_are_filled_better_than_by_means_and_linear_models(tree):
    found = told(tree, "Take noise off, fill gaps")
    assert found["denoising"][0] < 0.9 * found["linear"][0] < found["means"][0]
    assert found["noise"][1] < 0.7 * found["noise"][0]
    run_shell(examples("Take noise off, fill gaps", "sh")[0], tree)
    given = (ROOT / "Tests" / "Fixtures" / "met_mast.csv").read_text()
    assert (tree / "filled.csv").read_text() == given  # nothing is missing there
    assert len((tree / "smooth.csv").read_text().splitlines()) == 4001


def test_alike_records_are_found_in_the_container(tree):
    assert told(tree, "Find what is alike")["recall"][0] > 0.8
    shown = run_shell(examples("Find what is alike", "sh")[0], tree).splitlines()
    assert len(shown) == 16 and [line.split(",")[:2] for line in shown[1::5]] == [
        ["0", "0"], ["1", "1"], ["2", "2"]]


def test_hidden_items_are_suggested_better_than_by_popularity(tree):
    found = told(tree, "Suggest what is missing")
    assert found["model"][0] > found["popularity"][0] + 0.005
    shown = run_shell(examples("Suggest what is missing", "sh")[0], tree)
    assert len(shown.splitlines()) == 10 and "whole milk" in shown


def test_drawn_records_have_the_fields_relations(tree):
    seen, drawn = told(tree, "Draw new records")["correlation"]
    assert seen > 0.9 and drawn > 0.8
    run_shell(examples("Draw new records", "sh")[0], tree)
    assert len((tree / "drawn.csv").read_text().splitlines()) == 101


def test_a_shared_model_makes_a_batch_of_a_thousand_records_pay(tree):
    alone, shared = told(tree, "Make small batches pay")["bytes"]
    assert shared < 0.98 * alone
