import pytest

pytest.register_assert_rewrite("tests.profiles.holding", "tests.profiles.place", "tests.profiles.stepping")
