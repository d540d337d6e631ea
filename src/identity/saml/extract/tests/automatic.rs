//! Which form a page submits by itself, and by which button.

use super::*;

const A: &str = "<form id=a action=/a method=post><input type=hidden name=x value=1></form>";
const B: &str =
    "<form name=b action=/b method=post><input type=hidden name=x value=1><input type=submit id=go value=Go></form>";
const ASKS: &str = "<form id=asks action=/c method=post><input name=city><input type=submit value=Go></form>";
const LEAVES: &str = "<form id=leaves action=/logout method=post><input type=hidden name=x value=1></form>";

#[test]
fn a_page_submits_the_form_that_its_script_means_and_no_other() {
    let table = [
        (&[A, B][..], "document.forms[1].submit()", Some((1, None))),
        (&[A, B], "document.forms[0].submit()", Some((0, None))),
        (&[A, B], "document.forms[7].submit()", None),
        (&[A, B], "document.getElementById('a').submit()", Some((0, None))),
        (&[A, B], "document.b.submit()", Some((1, None))),
        (&[A, B], "document.getElementById('go').click()", Some((1, Some(1)))),
        (&[A, B], "document.getElementById('other').click()", None),
        (&[A, B], "f.submit()", None),
        (&[A, B], "", None),
        (&[A], "f.submit()", Some((0, None))),
        (&[A, ASKS], "f.submit()", Some((0, None))),
        (&[ASKS], "document.getElementById('asks').submit()", None),
        (&[LEAVES], "document.getElementById('leaves').submit()", None),
    ];
    for (forms, script, expected) in table {
        let page = html(format!("<title>Wait</title>{}<script>{script}</script>", forms.concat()));
        assert_eq!(page.sends_itself, expected, "{forms:?} {script}");
    }
}
