// Reads the metadata of an ONNX file, which the runtime does not hand out in a browser.

const METADATA = 14, KEY = 1, VALUE = 2;  // numbers of the fields in ModelProto and StringStringEntryProto
const text = new TextDecoder();

// Yields [number, bytes] of the fields of a protobuf message that have a length.
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      if (at >= bytes.length || factor > 2 ** 56) throw new RangeError('cut off');
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint(), kind = tag % 8;
    if (kind === 0) varint();
    else if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4;
    else if (kind === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new RangeError('cut off');
      yield [Math.floor(tag / 8), bytes.subarray(at, at += length)];
    } else throw new RangeError('no protobuf');
  }
}

// The file's key-value pairs; null for something that is no ONNX file.
export function readMetadata(bytes) {
  const found = {};
  try {
    for (const [number, entry] of fields(bytes)) {
      if (number !== METADATA) continue;
      const pair = Object.fromEntries([...fields(entry)].map(([part, value]) => [part, text.decode(value)]));
      found[pair[KEY]] = pair[VALUE];
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return found;
}
