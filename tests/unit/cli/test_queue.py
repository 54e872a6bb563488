import io
import json
import tomllib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from postguard.cli import wide
from postguard.model import DeliveryState, NewArtwork, Place, PostState, Progress, Receipt
from postguard.store import CONFIG_NOT_TAKEN, DISK_LOW
from tests.making import NOW, new_post, protected_post
from tests.unit.cli.conftest import PREVIEW

FREE = f"{PREVIEW}[intake]\nrequire_alt = false\n"


@pytest.fixture
def ready(terminal):
    terminal.configure()
    return terminal


@pytest.fixture
def fox(terminal):
    path = terminal.home / "狐 の絵.png"
    path.write_bytes(b"a picture")
    return path


def test_an_empty_queue_says_what_to_do(terminal):
    done = terminal.run("list")
    assert done.exit_code == 0
    assert "postguard add fox.png" in done.stdout


def test_what_lies_in_the_outbox_is_counted_until_it_is_taken(ready, fox):
    ready.run("add", fox, "--alt", "赤い狐")
    done = ready.run("list")
    assert "1 picture waits in the outbox" in done.stdout
    assert "postguard add fox.png" not in done.stdout


def test_an_empty_queue_is_told_where_the_config_is_broken(terminal):
    terminal.configure("outbox =")
    assert "postguard add fox.png" in terminal.run("list").stdout


def test_one_picture_is_dropped_with_its_words(ready, fox):
    words = ("--text", "月の下", "--alt", "赤い狐", "--tag", "イラスト", "--at", "now")
    done = ready.run("add", fox, *words, "--to", "sky", "--dry-run")
    assert done.exit_code == 0
    assert fox.name in done.stdout
    assert (ready.outbox / fox.name).read_bytes() == fox.read_bytes()
    said = tomllib.loads((ready.outbox / f"{fox.name}.toml").read_text())
    assert said == {
        "text": "月の下",
        "alt": "赤い狐",
        "tags": ["イラスト"],
        "at": "now",
        "to": ["sky"],
        "dry_run": True,
    }


def test_what_only_some_posts_say_is_dropped_with_them(ready, fox):
    words = ("--title", "月", "--not-before", "2026-12-24", "--reply-to", "#3")
    assert ready.run("add", fox, *words, "--series", "雪", "--thread").exit_code == 0
    said = tomllib.loads((ready.outbox / f"{fox.name}.toml").read_text())
    assert said == {
        "title": "月",
        "not_before": "2026-12-24",
        "reply_to": "#3",
        "series": "雪",
        "thread": True,
    }
    done = ready.run("add", fox, "--not-before", "soon")
    assert (done.exit_code, "write a day as" in done.stderr) == (1, True)


def png(words=""):
    """A picture that says `words` in its own file."""
    out, info = io.BytesIO(), PngInfo()
    if words:
        info.add_itxt("Description", words)
    Image.new("RGB", (8, 6), "red").save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.mark.parametrize(
    ("config", "words", "inside", "told"),
    [
        (PREVIEW, (), "", "No alt text for fox.png: the post will be held until you write one"),
        (PREVIEW, ("--alt", "赤い狐"), "", ""),
        (PREVIEW, (), "A red fox", ""),
        (FREE, (), "", "No alt text for fox.png: it goes out without one"),
    ],
)
def test_a_missing_alt_text_is_told_when_the_picture_is_added(
    terminal, config, words, inside, told
):
    terminal.configure(config)
    (terminal.home / "fox.png").write_bytes(png(inside))
    done = terminal.run("add", terminal.home / "fox.png", *words)
    assert done.exit_code == 0
    assert ("No alt text" in done.stdout) is bool(told)
    assert told in done.stdout


def test_on_a_full_disk_a_drop_is_kept_and_told_that_it_waits(ready, fox, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=499_000_000))
    done = ready.run("add", fox, "--alt", "a fox")
    assert done.exit_code == 0
    assert "Only 499 MB are free" in done.stdout
    assert "it waits in the outbox" in done.stdout
    assert (ready.outbox / fox.name).exists()


def test_the_list_says_why_nothing_new_appears_on_a_full_disk(ready):
    assert "all but full" not in ready.run("list").stdout
    ready.store().meta.put(DISK_LOW, NOW.isoformat())
    assert "what is dropped waits in the outbox until there is room" in ready.run("list").stdout


def test_the_list_says_that_a_changed_config_does_not_count_yet(ready, monkeypatch):
    ready.store().meta.put(CONFIG_NOT_TAKEN, "config.toml:3: recipes.sns: unknown step")
    assert "does not count yet" not in ready.run("list").stdout  # nobody works with the old one
    monkeypatch.setattr("postguard.app.bell.running", lambda: 1)
    said = ready.run("list").stdout
    assert "does not count yet: config.toml:3: recipes.sns: unknown step" in said


def test_of_a_set_the_pictures_without_an_alt_text_are_named(ready):
    paths = [ready.home / f"{name}.png" for name in "abc"]
    for path in paths:
        path.write_bytes(png())
    done = ready.run("add", *paths, "--alt", "one", "--alt", " ")
    assert "No alt text for b.png, c.png:" in done.stdout


def test_several_pictures_are_one_set_in_the_order_given(ready, fox):
    other = ready.home / "a.png"
    other.write_bytes(b"another")
    assert ready.run("add", fox, other, "--alt", "one", "--alt", "two").exit_code == 0
    (folder,) = [p for p in ready.outbox.iterdir() if p.is_dir()]
    assert sorted(p.name for p in folder.iterdir()) == ["01-狐 の絵.png", "02-a.png", "post.toml"]
    said = tomllib.loads((folder / "post.toml").read_text())
    assert said["alt"] == {"01-狐 の絵.png": "one", "02-a.png": "two"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "skye"), "did you mean sky"),
        (("--at", "tomorrow"), "2026-12-01 19:30"),
        (("--recipe", "strong"), "known: default, plain"),
        (("--alt", "a", "--alt", "b"), "more alt texts than pictures"),
        (("--tag", "two words"), "one word without spaces"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_before_anything_is_dropped(
    ready, fox, words, said
):
    done = ready.run("add", fox, *words)
    assert done.exit_code == 1
    assert said in done.stderr
    assert not ready.outbox.exists()


def test_a_picture_in_the_outbox_is_not_overwritten(ready, fox):
    ready.run("add", fox)
    fox.write_bytes(b"another")
    assert ready.run("add", fox).exit_code == 1
    assert (ready.outbox / fox.name).read_bytes() == b"a picture"


def test_a_picture_that_is_not_there_is_wrong_use(ready):
    done = ready.run("add", "no.png")
    assert done.exit_code == 2
    assert "does not exist" in done.stderr


def test_without_a_daemon_a_command_says_that_nothing_moves(ready, fox):
    assert "postguard is not running" in ready.run("add", fox).stdout


def test_the_list_shows_where_each_post_is_in_the_artists_zone(ready):
    store = ready.store()
    store.meta.put("timezone", "Asia/Tokyo")
    post = protected_post(store, name="狐.png", accounts=("sky", "fedi"))
    (first, _) = store.deliveries.of_post(post.id)
    store.deliveries.schedule(first.id, NOW, None, NOW)
    told = ready.run("list").stdout
    assert "狐.png" in told
    assert "sky: Mon 2026-11-23 21:00" in told
    assert "fedi: waits for protection" in told


def test_the_zone_of_the_config_is_known_to_the_list(ready):
    ready.run("check", "--offline")
    assert ready.store().meta.get("timezone") == "Asia/Tokyo"


def test_columns_stand_below_each_other_in_japanese(ready):
    store = ready.store()
    for name in ("月の下のきつね.png", "fox.png", "ｷﾂﾈ.png"):
        protected_post(store, name=name)
    rows = ready.run("list").stdout.splitlines()[:4]
    starts = [wide.width(row[: row.index(w)]) for row, w in zip(rows, ["state", *["prot"] * 3])]  # noqa: B905
    assert len(set(starts)) == 1


def under_way(store, pictures=1, **told):
    """A post that is being protected, and has told how far it is."""
    artworks = tuple(NewArtwork(f"{i}" * 64, f"{i}.png", f"{i}.png") for i in range(pictures))
    post = store.posts.create(new_post("狐", artworks=artworks), NOW)
    store.posts.move_to(post.id, PostState.TAKEN, NOW)
    store.posts.progress.begin(post.id)
    if told:
        store.posts.progress.tell(post.id, Progress(done=False, **told))
    return post


@pytest.mark.parametrize(
    ("pictures", "told", "said"),
    [
        (1, {}, "just begun"),
        (1, {"position": 0, "step": "notice"}, "notice"),
        (1, {"position": 0, "step": "cloak", "fraction": 0.4}, "cloak 40 %"),
        (
            4,
            {"position": 1, "step": "cloak", "fraction": 0.4, "seconds_left": 61.0},
            "picture 2 of 4, cloak 40 %, about 1 min left",
        ),
        (1, {"position": 0, "step": "encode"}, "saving"),
    ],
)
def test_the_post_that_is_being_protected_says_how_far_it_is(ready, pictures, told, said):
    store = ready.store()
    post = under_way(store, pictures, **told)
    other = store.posts.create(new_post("b.png"), NOW)
    store.posts.move_to(other.id, PostState.TAKEN, NOW)
    lines = ready.run("list").stdout.splitlines()
    row = next(i for i, line in enumerate(lines) if "狐" in line)
    assert "being protected" in lines[row]
    assert lines[row + 1].strip() == said
    assert sum("being protected" in line for line in lines) == 1
    assert ready.run("show", post.id).stdout.splitlines()[-1].split("  ")[-1] == said
    assert said not in ready.run("show", other.id).stdout.splitlines()[-1]


def test_programs_are_told_how_far_a_post_is(ready):
    store = ready.store()
    post = under_way(store, 2, position=1, step="cloak", fraction=0.25, seconds_left=12.5)
    other = protected_post(store, name="b.png")
    expected = {
        "picture": 2,
        "pictures": 2,
        "step": "cloak",
        "fraction": 0.25,
        "seconds_left": 12.5,
    }
    assert ready.json("show", post.id)["progress"] == expected
    assert [p["progress"] for p in ready.json("list")] == [None, expected]
    assert ready.json("show", other.id)["progress"] is None


def test_a_post_that_is_held_says_nothing_of_its_progress(ready):
    store = ready.store()
    post = under_way(store, position=0, step="cloak", fraction=0.4)
    assert ready.run("hold", post.id).exit_code == 0
    assert "cloak" not in ready.run("list").stdout
    assert ready.json("show", post.id)["progress"] is None


def test_a_held_post_says_why_and_states_can_be_asked_for(ready):
    store = ready.store()
    store.posts.create(new_post("a.png", reason="no alt text: say what can be seen"), NOW)
    protected_post(store, name="b.png")
    told = ready.run("list", "--state", "held").stdout
    assert "no alt text" in told
    assert "postguard release 1" in told
    assert "b.png" not in told
    assert "no such post" in ready.run("list", "--state", "posted").stdout


def test_pages_go_back_to_the_first_post(ready):
    store = ready.store()
    for i in range(5):
        protected_post(store, name=f"{i}.png")
    first = ready.run("list", "--limit", "2").stdout
    assert "postguard list --before 4" in first
    assert [p["post"] for p in ready.json("list", "--before", "4", "--limit", "2")] == [3, 2]
    assert "--before" not in ready.run("list", "--before", "2").stdout


def test_a_list_that_goes_to_a_program_is_neither_cut_nor_coloured(ready):
    name = "とても長い名前の絵" * 4 + ".png"
    protected_post(ready.store(), name=name)
    told = ready.run("list").stdout
    assert name in told
    assert "\x1b" not in told


def test_show_tells_the_whole_story_in_words(ready):
    store = ready.store()
    post = protected_post(store, name="狐.png")
    (delivery,) = store.deliveries.of_post(post.id)
    store.deliveries.schedule(delivery.id, NOW, None, NOW)
    store.attempts.claim(NOW, ("sky",))
    store.attempts.finish(delivery.id, Receipt("at://x", "https://sky.example/1", NOW), NOW)
    told = ready.run("show", post.id).stdout
    for said in ("狐.png", "https://sky.example/1", "alt text: a fox", "Everyone can see it"):
        assert said in told
    assert "Saved" in told
    assert "What happened" in told


def test_show_for_programs_has_words_records_and_history(ready):
    post = protected_post(ready.store(), name="狐.png")
    told = ready.json("show", post.id)
    assert told["name"] == "狐.png"
    assert told["words"]["sky"]["alts"] == ["a fox"]
    assert told["words"]["sky"]["reply_to"] == told["words"]["sky"]["link_to"] == ""
    assert told["renditions"][0]["record"] == {"steps": []}
    assert [e["what"] for e in told["history"]] == ["settled", "taken", "protected"]


def test_hold_and_release_go_back_and_forth(ready):
    store = ready.store()
    post = protected_post(store)
    assert ready.run("hold", post.id).exit_code == 0
    assert store.posts.get(post.id).state is PostState.HELD
    assert "held already" in ready.run("hold", post.id).stdout
    assert ready.run("release", post.id).exit_code == 0
    assert store.posts.get(post.id).state is PostState.PROTECTED
    done = ready.run("release", post.id)
    assert (done.exit_code, "is not held" in done.stderr) == (1, True)


def test_retry_makes_a_scheduled_post_due(ready):
    store = ready.store()
    post = protected_post(store)
    (delivery,) = store.deliveries.of_post(post.id)
    store.deliveries.schedule(delivery.id, NOW + timedelta(days=9), "mon 19:30", NOW)
    assert ready.run("retry", post.id).exit_code == 0
    (delivery,) = store.deliveries.of_post(post.id)
    assert delivery.state is DeliveryState.SCHEDULED
    assert delivery.slot is None


@pytest.mark.parametrize("command", ["show", "hold", "release", "retry"])
def test_an_unknown_post_is_named(ready, command):
    done = ready.run(command, 77)
    assert done.exit_code == 1
    assert "there is no post 77" in done.stderr


@pytest.mark.parametrize("number", ["fox", "0", "-1", "1.5", "9" * 5000, "#"])
def test_what_is_no_number_of_a_post_is_told_where_to_find_one(ready, number):
    done = ready.run("hold", "--", number)
    assert done.exit_code == 2
    assert "is not the number of a post; `postguard list` shows them" in done.stderr


def test_the_number_of_a_post_may_be_written_as_in_reply_to(ready):
    post = protected_post(ready.store())
    assert ready.run("hold", f"#{post.id}").exit_code == 0
    assert ready.run("release", "１").exit_code == 0


def test_a_held_post_is_listed_with_its_folder_and_the_command_that_lets_it_go_on(ready):
    post = protected_post(ready.store())
    ready.run("hold", post.id)
    ready.store().posts.placed(post.id, Place.HELD)
    told = ready.run("list").stdout
    assert f"to let it go on: postguard release {post.id} (it lies in held/{post.folder}/)" in told


def test_a_post_whose_time_has_passed_is_listed_with_the_command_that_posts_it(ready):
    store = ready.store()
    post = protected_post(store)
    passed = f"its time passed an hour ago; `postguard retry {post.id}` posts it now"
    store.posts.move_to(post.id, PostState.HELD, NOW, passed)
    assert f"to let it go on: postguard retry {post.id}" in ready.run("list").stdout


def test_to_go_on_with_all_accounts_is_to_go_on_with_each(ready):
    ready.run("pause", "sky")
    assert "all accounts goes on" in ready.run("pause", "--off").stdout
    assert ready.store().accounts.paused() == set()


def test_one_account_or_all_can_be_paused(ready):
    store = ready.store()
    assert ready.run("pause", "sky").exit_code == 0
    assert store.accounts.paused() == {"sky"}
    assert "postguard pause sky --off" in ready.run("list").stdout
    ready.run("pause")
    assert "once all accounts do" in ready.run("pause", "sky", "--off").stdout
    ready.run("pause", "--off")
    assert store.accounts.paused() == set()


def test_pausing_an_account_that_is_not_there_is_refused(ready):
    done = ready.run("pause", "skye")
    assert done.exit_code == 1
    assert "sky, fedi" in done.stderr


def test_the_list_says_who_is_logged_out(ready):
    ready.store().accounts.log_out("sky", "revoked")
    assert "postguard login sky" in ready.run("list").stdout


def test_json_is_readable_japanese(ready):
    protected_post(ready.store(), name="狐.png")
    done = ready.run("list", "--json")
    assert "狐.png" in done.stdout
    (told,) = json.loads(done.stdout)
    assert told["deliveries"][0]["due"] is None


def test_every_option_that_cannot_be_meant_is_told_at_once(ready, fox):
    done = ready.run("add", fox, "--alt", "a", "--lang", "日本語", "--at", "soon")
    assert done.exit_code == 1
    told = [line for line in done.stderr.splitlines() if "--" in line]
    assert ["--lang" in told[0], told[1].split()[0]] == [True, "--at"]
