"""Colours and type of the app, light and dark."""

from gradio.themes import Base, Color
from gradio.themes.utils import fonts, sizes

# Green: the accent stands out beside skin, whose hues lie opposite, and never competes with the photos.
_GREEN = Color(
    "#eef8f4",
    "#d8efe7",
    "#b3dfd0",
    "#82c8b2",
    "#4dab91",
    "#238f74",
    "#0f755d",
    "#0d5e4c",
    "#0d4b3e",
    "#0a3e34",
    "#04241e",
    name="green",
)
_STONE = Color(
    "#faf9f7",
    "#f4f2ee",
    "#e7e3dc",
    "#d5cfc5",
    "#a59e92",
    "#6f685d",
    "#59534a",
    "#423d36",
    "#2b2824",
    "#1e1c19",
    "#131210",
    name="stone",
)
_TEXT = sizes.Size(xxs="11px", xs="12px", sm="14px", md="16px", lg="18px", xl="22px", xxl="30px", name="text")
_RADIUS = sizes.Size(xxs="3px", xs="5px", sm="8px", md="10px", lg="14px", xl="18px", xxl="24px", name="radius")

LOGO = (
    '<svg class="logo" viewBox="0 0 48 48" aria-hidden="true"><rect width="48" height="48" rx="13"/>'
    '<path class="back" d="M20 10c6 0 10 4 10 10v5c0 7-5 12-10 12s-10-5-10-12v-5c0-6 4-10 10-10z"/>'
    '<path class="front" d="M28 11c6 0 10 4 10 10v5c0 7-5 12-10 12s-10-5-10-12v-5c0-6 4-10 10-10z"/>'
    '<path class="smile" d="M24 23v2m8-2v2m-8 5c2 2.4 6 2.4 8 0"/></svg>'
)


def theme() -> Base:
    """The app's theme; its fonts come with Gradio, so nothing is fetched."""
    base = Base(
        primary_hue=_GREEN,
        secondary_hue=_GREEN,
        neutral_hue=_STONE,
        text_size=_TEXT,
        radius_size=_RADIUS,
        font=(fonts.LocalFont("Source Sans Pro", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    )
    return base.set(
        checkbox_border_radius="5px",
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_950",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        border_color_accent="*primary_500",
        border_color_accent_dark="*primary_500",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_950",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_border_width="1px",
        block_shadow="none",
        block_label_background_fill="*neutral_50",
        block_label_background_fill_dark="*neutral_800",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_label_text_size="*text_sm",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_title_text_weight="600",
        block_title_text_size="*text_sm",
        block_info_text_size="*text_sm",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        layout_gap="16px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        button_large_radius="*radius_md",
        button_large_text_weight="600",
        button_large_padding="14px 24px",
        button_medium_text_weight="600",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_500",
        checkbox_border_color_selected="*primary_600",
        checkbox_border_color_selected_dark="*primary_500",
        checkbox_border_color="*neutral_400",
        checkbox_border_color_dark="*neutral_500",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_950",
        checkbox_label_border_color_selected="*primary_500",
        checkbox_label_border_color_selected_dark="*primary_500",
        checkbox_label_text_color_selected="*primary_800",
        checkbox_label_text_color_selected_dark="*primary_100",
        slider_color="*primary_600",
        slider_color_dark="*primary_500",
        loader_color="*primary_500",
        input_background_fill="*neutral_50",
        input_background_fill_dark="*neutral_950",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_500",
    )
