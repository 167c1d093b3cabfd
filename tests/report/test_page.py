import json
import re

from lessup.report.page import Section, chart, embed, escaped, facts, fold, page, viewer

NASTY = "</script><script>alert(1)</script>"


def spec(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text).group(1))


def test_page_asks_for_nothing_outside_itself():
    text = page(title="t", lead="l", sections=[Section("a", "A", "<p>body</p>")], footer="f")
    own = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:)', own) == []
    assert "@import" not in own
    assert "url(" not in own
    assert "default-src 'none'" in own


def test_every_section_has_an_anchor_and_the_large_ones_a_link():
    sections = [Section("run", "Run", ""), Section("part", "Part", "", level=3)]
    text = page(title="t", lead="l", sections=sections, footer="f")
    assert '<h2 id="run">' in text
    assert '<h3 id="part">' in text
    (links,) = re.findall("<nav>(.*?)</nav>", text)
    assert links == '<a href="#run">Run</a>'


def test_plain_text_is_escaped_everywhere():
    text = page(title=NASTY, lead=NASTY, sections=[Section("a", NASTY, facts({NASTY: NASTY}))], footer=NASTY)
    assert NASTY not in text
    assert NASTY not in fold(NASTY, "")
    assert NASTY not in chart([{"name": NASTY}], {}, caption=NASTY)
    choice = {"name": NASTY, "group": NASTY, "about": NASTY, "panels": [[]]}
    assert NASTY not in viewer([NASTY], [choice], {}, key="")


def test_embedded_json_is_read_back():
    value = {"name": NASTY, "values": [1.5, None]}
    assert spec(embed(value)) == value


def test_plotly_labels_show_html_as_text():
    assert escaped("<b>a</b> & 'b'") == "&lt;b&gt;a&lt;/b&gt; &amp; 'b'"


def test_viewer_lists_its_choices_by_group():
    choices = [{"name": str(i), "group": "ab"[i // 2], "about": "", "panels": [[]]} for i in range(4)]
    text = viewer(["only"], choices, {}, key="")
    groups = re.findall(r'<optgroup label="(.)">(.*?)</optgroup>', text)
    assert [(name, re.findall(r'value="(\d)"', options)) for name, options in groups] == [
        ("a", ["0", "1"]),
        ("b", ["2", "3"]),
    ]


def test_facts_without_a_value_are_left_out():
    assert facts({"commit": "", "data": "x"}).count("<dt>") == 1
