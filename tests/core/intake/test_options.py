import pytest

from core.contract import Crs
from core.errors import Invalid
from core.intake.options import Options


def test_intake_takes_its_own_and_leaves_the_rest_to_the_importer():
    options = Options.of({"crs": "bd09", "skip_bad_rows": True, "kinds": ["path"]})
    assert (options.crs, options.skip_bad_rows) == (Crs.BD09, True)
    assert options.importer == {"kinds": ["path"]}


def test_nothing_said_means_all_or_nothing_where_the_tenant_is():
    options = Options.of({})
    assert (options.skip_bad_rows, options.anywhere, options.crs) == (False, False, None)


@pytest.mark.parametrize(
    "given", [{"crs": "mars"}, {"as_of": "last year"}, {"skip_bad_rows": "perhaps"}, {"note": 7}]
)
def test_what_is_wrong_is_named(given):
    with pytest.raises(Invalid, match=next(iter(given))):
        Options.of(given)
