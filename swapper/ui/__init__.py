"""The Gradio app, one tab per file."""
