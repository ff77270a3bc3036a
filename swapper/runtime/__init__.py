"""The machine: devices, ONNX sessions, limits, timing, files written whole."""
