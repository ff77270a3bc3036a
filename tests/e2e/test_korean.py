"""The app as a Korean browser shows it."""

from playwright.sync_api import Browser, expect
from served_app import END_TO_END, be_patient

pytestmark = END_TO_END


def test_a_korean_browser_sees_korean_from_label_to_error(browser: Browser, address: str):
    for locale, swap, said in (
        ("ko-KR", "얼굴 바꾸기", "동의: 아직 하지 않았습니다."),
        ("en-GB", "Swap faces", "Consent has not been given yet."),
    ):
        page = browser.new_page(locale=locale)
        be_patient(page)
        page.goto(address)
        expect(page.locator("#swap")).to_have_text(swap)
        page.click("#swap")
        expect(page.locator("#problem [role=alert]")).to_contain_text(said)
        page.close()
