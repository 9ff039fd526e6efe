"""
Links and forms are read as a browser would read them.
"""

from loadtests.journeys.forms import Form, form_to, forms, links


def test_links_are_found_once_and_in_order() -> None:
    """
    A product linked by picture and by name is one product; others do not count.
    """
    page = '<a class="x" href="/product/b">B</a><a href=\'/product/a?x=1\'>A</a><a href="/product/b">B</a><a href="/">'

    assert links(page, "/product/") == ("/product/b", "/product/a")


def test_form_sends_what_a_browser_would() -> None:
    """
    Hidden and text fields with their values, the chosen radio and option, ticked and required boxes; nothing disabled.
    """
    page = """
      <form action="/pay?a=1&amp;b=2" method="POST">
        <input type="hidden" name="csrf" value="a&quot;b"><input name="name"><textarea name="note"></textarea>
        <input type="radio" name="way" value="card"><input type="radio" name="way" value="blik" checked>
        <select name="lane"><option value="1">1</option><option value="2" selected>2</option></select>
        <input type="checkbox" name="terms" required><input type="checkbox" name="news">
        <input name="off" value="x" disabled><input type="reset" name="reset"><button name="do" value="go">Go</button>
      </form>"""

    assert forms(page) == (
        Form(
            "/pay?a=1&b=2",
            "post",
            {
                "csrf": 'a"b',
                "name": "",
                "note": "",
                "way": "blik",
                "lane": "2",
                "terms": "on",
                "do": "go",
            },
        ),
    )


def test_form_is_chosen_by_where_it_goes() -> None:
    """
    The search box is not the basket.
    """
    page = '<form action="/search"></form><form method="post" action="/basket"><input name="p" value="1"></form>'
    form = form_to(page, "/basket")

    assert form is not None
    assert form.filled({"q": "2"}) == {"p": "1", "q": "2"}


def test_form_without_an_address_goes_to_its_own_page() -> None:
    """
    A form that names no address is taken where none names the one that was looked for.
    """
    form = form_to('<form method="post"><input name="t" value="1"></form>', "/payment/")

    assert form == Form("", "post", {"t": "1"})


def test_fields_outside_of_forms_are_nobodys() -> None:
    """
    An input that stands alone is not sent.
    """
    assert forms('<input name="x"><form method="post"></form><input name="y">') == (Form("", "post", {}),)


def test_angle_brackets_in_values_do_not_end_a_tag() -> None:
    """
    Quoted text may hold what ends a tag outside of quotes.
    """
    assert forms('<form><input name="a" value="1 > 0"></form>')[0].fields == {"a": "1 > 0"}
