"""Choosers that show whatever is chosen, even what they do not offer by themselves."""

from typing import Any

import gradio as gr

from swapper.registry.encoders import ENCODERS


def chosen(component: Any, value: Any) -> Any:
    """What a component is to show: the value, with a choice of its own where a radio does not offer it.

    Args:
        component: any.
        value: for it, such as a frame rate from a file of settings.
    """
    if not isinstance(component, gr.Radio) or value is None or value in [one for _, one in component.choices]:
        return value
    return gr.update(choices=[*component.choices, (_label(value), value)], value=value)


def _label(value: Any) -> str:
    if isinstance(value, int | float):
        return f"{value:g}"
    return ENCODERS[value].label if value in ENCODERS else str(value)
