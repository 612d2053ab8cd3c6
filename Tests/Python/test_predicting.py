"""Models that predict the records of a container: embedded, shared, and on records they do not know."""

import hashlib
import warnings

import aezip
import numpy as np
import pytest
from processes import printed_by_instruction_set


def curved(count: int, seed: int, fields: int = 24) -> np.ndarray:
    """A manifold of three dimensions, the same for every seed."""
    maps, random = np.random.default_rng(80), np.random.default_rng(seed)
    w1, w2 = maps.normal(size=(3, 32)), maps.normal(size=(32, fields))
    t = random.uniform(-1, 1, (count, 3))
    noise = 0.002 * random.normal(size=(count, fields))
    return (np.tanh(2 * t @ w1) @ w2 / 6 + noise).astype("f4")


RECORDS = curved(6000, 81)
MODEL = aezip.train(RECORDS, kind="deep", latents=3, rel=1e-2, hidden=[32], epochs=60, seed=1)
SHARED = aezip.compress(RECORDS, rel=1e-2, model=MODEL, embed_model=False, chunk_records=2000)
EMBEDDED = aezip.compress(RECORDS, rel=1e-2, model=MODEL, chunk_records=2000)


def assert_bounded(records: np.ndarray, restored: np.ndarray, bounds: np.ndarray) -> None:
    finite = np.isfinite(records)
    with np.errstate(invalid="ignore", over="ignore"):
        errors = np.abs(restored.astype("f8") - records)
    assert np.all((errors <= bounds) | ~finite)
    assert restored[~finite].tobytes() == records[~finite].tobytes()


def test_every_bound_holds_and_the_model_saves_bytes():
    bounds = 1e-2 * (RECORDS.max(0).astype("f8") - RECORDS.min(0))
    for blob in (SHARED, EMBEDDED):
        assert_bounded(RECORDS, aezip.decompress(blob, model=MODEL), bounds)
    without = aezip.compress(RECORDS, rel=1e-2, latents=0, chunk_records=2000)
    assert len(SHARED) < 0.8 * len(without)
    assert len(SHARED) + 2000 < len(EMBEDDED) < len(without)


def test_records_come_back_alike_from_shared_and_embedded_models():
    whole = aezip.decompress(EMBEDDED)
    assert np.array_equal(whole, aezip.decompress(SHARED, model=MODEL))
    with aezip.open(SHARED, model=MODEL) as shared, aezip.open(EMBEDDED) as embedded:
        assert np.array_equal(shared[1990:4010], whole[1990:4010])
        assert np.array_equal(embedded[5999, 7], whole[5999, 7])
        assert np.array_equal(shared[:, 3], whole[:, 3])
        shared.verify()
        embedded.verify()


def test_without_the_model_or_with_another_the_digest_is_told():
    other = aezip.train(RECORDS[:500], kind="deep", latents=3, hidden=[8], epochs=3)
    for call in (
        lambda: aezip.decompress(SHARED),
        lambda: aezip.decompress(SHARED, model=other),
        lambda: aezip.open(SHARED, model=other),
        lambda: aezip.open(SHARED).verify(),
        lambda: aezip.open(SHARED)[5],
    ):
        with pytest.raises(aezip.ModelMismatchError, match=MODEL.digest):
            call()


def test_a_container_describes_its_model_without_it():
    for blob, embedded in ((SHARED, False), (EMBEDDED, True)):
        with aezip.open(blob) as container:
            told = container.info["model"]
            assert container.shape == RECORDS.shape and container.latent_count == 3
        assert told["digest"] == MODEL.digest and told["embedded"] is embedded
        assert (told["kind"], told["latents"]) == ("deep", 3)
        assert (told["bytes"] > 2000) is embedded
        assert told["bits"] == pytest.approx(told["training_bits"], rel=0.1)


def test_latents_and_searches_need_no_records():
    with aezip.open(SHARED) as without:
        latents = without.latents()  # the model's decoder is not needed for them
    near = RECORDS[:200] + np.float32(1e-4)
    for options in ({"model": MODEL}, {}):
        blob = SHARED if options else EMBEDDED
        with aezip.open(blob, **options) as container:
            assert np.array_equal(container.latents(), latents) and latents.shape == (6000, 3)
            assert np.array_equal(container.latents(1500, 2500), container.latents()[1500:2500])
            found, _ = container.search(near, 10)
        # Records closest in the manifold are found by their place in it.
        assert np.mean([i in row for i, row in enumerate(found)]) > 0.9


def test_models_of_files_and_pickles_serve_too(tmp_path):
    MODEL.save(tmp_path / "m.aezm")
    loaded = aezip.load(tmp_path / "m.aezm")
    path = tmp_path / "x.aez"
    aezip.compress(RECORDS, rel=1e-2, model=loaded, embed_model=False, file=path)
    assert np.array_equal(
        aezip.decompress(path, model=MODEL), aezip.decompress(SHARED, model=loaded)
    ) or np.abs(aezip.decompress(path, model=MODEL) - RECORDS).max() < 0.1


@pytest.mark.parametrize("kind", ["linear", "sparse", "denoising", "contractive", "variational"])
def test_models_of_every_kind_predict(kind):
    model = aezip.train(RECORDS[:2000], kind=kind, latents=4, epochs=8)
    blob = aezip.compress(RECORDS[:2000], rel=1e-2, model=model, latents=model.latent_count)
    bounds = 1e-2 * (RECORDS[:2000].max(0).astype("f8") - RECORDS[:2000].min(0))
    assert_bounded(RECORDS[:2000], aezip.decompress(blob), bounds)


# ------------------------------------------------------------------ records that are not its own


def strange(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    records = random.normal(size=(700, 24)) * 10.0 ** random.integers(-30, 30, 24)
    records[random.random(records.shape) < 0.05] = np.nan
    records[3], records[4, ::2], records[5, 1::2] = 1e308, -np.inf, np.inf
    records[6], records[7] = -0.0, 5e-324
    return records


@pytest.mark.parametrize("latents", [None, 3])
@pytest.mark.parametrize("bound", [{"rel": 1e-3}, {"abs": 1e-2}, {"abs": 0}])
def test_bounds_hold_for_other_records(bound, latents):
    for records in (curved(700, 5) * 50, strange(6), np.arange(24 * 99.0).reshape(99, 24)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            blob = aezip.compress(records, model=MODEL, embed_model=False, latents=latents, **bound)
        restored = aezip.decompress(blob, model=MODEL)
        with aezip.open(blob, model=MODEL) as container:
            bounds = np.array([field.absolute_bound for field in container.fields])
        assert_bounded(records, restored, bounds)


def test_other_types_are_predicted():
    model = aezip.train(np.round(RECORDS * 100), kind="deep", latents=3, hidden=[16], epochs=10)
    for dtype in ("i2", "i8", "f8"):
        records = np.round(RECORDS[:1500] * 100).astype(dtype)
        if dtype == "i8":
            records += 2**52
        blob = aezip.compress(records, abs=1, model=model, latents=3)
        assert np.abs(aezip.decompress(blob).astype("f8") - records.astype("f8")).max() <= 1


def test_fields_are_found_by_their_names_and_others_stay():
    names = [f"c{i}" for i in range(24)]
    known = np.rec.fromarrays(RECORDS.T, names=names)
    model = aezip.train(known, kind="deep", latents=3, rel=1e-2, hidden=[32], epochs=30)
    order = ["id", *reversed(names), "note"]
    more = np.empty(6000, [(n, "i4" if n in ("id", "note") else "f8") for n in order])
    for name in names:
        more[name] = known[name]
    more["id"], more["note"] = np.arange(6000), np.arange(6000) % 7
    bounds = {name: float(1e-2 * np.ptp(known[name])) for name in names}
    blob = aezip.compress(more, abs=bounds, model=model)
    restored = aezip.decompress(blob)
    assert np.array_equal(restored["id"], more["id"])
    for name in names:
        assert np.abs(restored[name] - more[name]).max() <= bounds[name]
    assert aezip.open(blob).info["model"]["digest"] == model.digest
    with pytest.raises(aezip.ModelMismatchError, match="no field that is the model's field"):
        aezip.compress(more[["id", "note"]], exact=True, model=model)


def test_a_model_that_does_not_help_is_not_used():
    records = np.random.default_rng(9).normal(size=(5000, 24)).astype("f4")
    with pytest.warns(UserWarning, match="worse than those that it learned from"):
        blob = aezip.compress(records, rel=1e-2, model=MODEL, embed_model=False)
    aezip.decompress(blob)  # no chunk needs the model
    assert len(blob) < len(aezip.compress(records, rel=1e-2, latents=0)) + 300


def test_drift_is_told_and_its_absence_is_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aezip.compress(curved(3000, 99), rel=1e-2, model=MODEL)
    with pytest.warns(UserWarning, match="train another"):
        aezip.compress(RECORDS[:, ::-1].copy(), rel=1e-2, model=MODEL)


@pytest.mark.parametrize(
    "wrong", [{"model": "m.aezm"}, {"model": MODEL, "latents": 2}, {"model": MODEL, "nrmse": 2}]
)
def test_wrong_arguments_are_refused(wrong):
    bound = {} if "nrmse" in wrong else {"rel": 0.1}
    with pytest.raises(aezip.InvalidArgumentError):
        aezip.compress(RECORDS, **bound, **wrong)


# ------------------------------------------------------------------ the same bytes everywhere


def digests() -> str:
    lines = []
    records = curved(5000, 7)
    for options in (
        {"rel": 1e-2, "model": MODEL, "level": 6}, {"rel": 1e-2, "model": MODEL, "level": 9},
        {"rel": 1e-6, "model": MODEL, "latents": 3}, {"rel": 1e-1, "level": 9},
        {"latents": 5}, {"nrmse": 0.05}, {"nrmse": 0.05, "model": MODEL},
    ):  # fmt: skip
        blob = aezip.compress(records, threads=1, **options)
        restored = aezip.decompress(blob)
        lines.append(" ".join(hashlib.sha256(b).hexdigest() for b in (blob, restored.data)))
    return "\n".join([MODEL.digest, *lines])


def test_bytes_and_bits_do_not_depend_on_the_instruction_set():
    seen = {}
    for printed in printed_by_instruction_set(__file__):
        name, _, lines = printed.partition("\n")
        seen[name] = lines
    assert len(set(seen.values())) == 1 and len(seen) >= 1
    assert next(iter(seen.values())).count("\n") == 8


def test_bytes_do_not_depend_on_threads():
    for options in ({"model": MODEL}, {"level": 9, "latents": None}):
        blobs = {
            aezip.compress(RECORDS, rel=1e-2, threads=n, chunk_records=1500, **options)
            for n in (1, 2, 5)
        }
        assert len(blobs) == 1


# ------------------------------------------------------------------ latents alone, mean errors


def nrmse(records: np.ndarray, restored: np.ndarray) -> float:
    errors = restored.astype("f8") - records.astype("f8")
    return float(np.sqrt(np.mean((errors**2).mean(axis=0) / records.astype("f8").var(axis=0))))


def test_latents_alone_tell_what_the_best_plane_tells():
    centred = RECORDS - RECORDS.mean(axis=0, dtype="f8")
    scaled = centred / centred.std(axis=0)
    _, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    for count in (1, 4, 12):
        blob = aezip.compress(RECORDS, latents=count)
        best = np.sqrt((singular[count:] ** 2).sum() / scaled.size)
        assert best <= nrmse(RECORDS, aezip.decompress(blob)) < 1.05 * best
        with aezip.open(blob) as container:
            assert {field.bound_kind for field in container.fields} == {"free"}
            assert container.latents().shape == (6000, count)


def test_statistics_tell_the_error_that_results():
    blob = aezip.compress(RECORDS, latents=2)
    errors = np.abs(aezip.decompress(blob).astype("f8") - RECORDS)
    with aezip.open(blob) as container:
        for index, field in enumerate(container.fields):
            assert field.absolute_bound == np.inf
            assert field.largest_error == pytest.approx(errors[:, index].max(), rel=1e-5)
            rmse = np.sqrt((errors[:, index] ** 2).mean())
            assert field.rmse == pytest.approx(rmse, rel=1e-3)


def test_what_is_not_finite_is_kept_without_a_bound():
    records = RECORDS.copy()
    records[::9, 3], records[5, 4], records[6, 5], records[7, 6] = np.nan, np.inf, -np.inf, -0.0
    for options in ({"latents": 3}, {"nrmse": 0.1}, {"latents": 3, "model": MODEL}):
        restored = aezip.decompress(aezip.compress(records, **options))
        kept = ~np.isfinite(records) | ((records == 0) & np.signbit(records))
        assert restored[kept].tobytes() == records[kept].tobytes()
        assert np.isfinite(restored[np.isfinite(records)]).all()


@pytest.mark.parametrize("wanted", [0.5, 0.1, 0.02, 1e-3])
def test_a_mean_error_is_hit(wanted):
    sizes = []
    for options in ({}, {"latents": 0}, {"model": MODEL}):
        blob = aezip.compress(RECORDS, nrmse=wanted, **options)
        assert nrmse(RECORDS, aezip.decompress(blob)) == pytest.approx(wanted, rel=0.05)
        sizes.append(len(blob))
    assert sizes[0] <= 1.01 * sizes[1]  # the smaller of both ways


@pytest.mark.parametrize("wanted", [0.6, 0.3])
def test_a_mean_error_costs_no_more_than_the_fewest_latents_that_reach_it(wanted):
    for count in range(1, 24):
        alone = aezip.compress(RECORDS, latents=count)
        if nrmse(RECORDS, aezip.decompress(alone)) <= wanted:
            break
    bounded = aezip.compress(RECORDS, nrmse=wanted, latents=0)
    blob = aezip.compress(RECORDS, nrmse=wanted)
    assert len(blob) <= 1.01 * min(len(alone), len(bounded))
    with aezip.open(blob) as container:
        assert container.latent_count > 0 and len(alone) < len(bounded)  # here latents alone win


def test_mean_errors_of_integers_and_of_files(tmp_path):
    records = np.cumsum(np.random.default_rng(3).integers(-9, 10, (4000, 5)), axis=0)
    size = aezip.compress(records, nrmse=0.05, file=tmp_path / "x.aez")
    assert (tmp_path / "x.aez").stat().st_size == size
    restored = aezip.decompress(tmp_path / "x.aez")
    assert nrmse(records, restored) == pytest.approx(0.05, rel=0.05)


def test_a_few_records_have_latents_too():
    for count in (1, 2, 5, 63):
        restored = aezip.decompress(aezip.compress(RECORDS[:count], latents=3))
        assert restored.shape == (count, 24) and np.isfinite(restored).all()
    with pytest.raises(aezip.InvalidArgumentError, match="exactly one of"):
        aezip.compress(RECORDS, latents=0)


def test_level_9_trains_a_network_where_it_pays():
    records = curved(30000, 12)
    blob = aezip.compress(records, rel=1e-2, level=9)
    assert aezip.open(blob).info["model"]["kind"] == "deep"
    assert len(blob) < 0.65 * len(aezip.compress(records, rel=1e-2, level=9, latents=0))


if __name__ == "__main__":
    print(aezip.instruction_set())
    print(digests())
