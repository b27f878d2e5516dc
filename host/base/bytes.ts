// Bytes as Buffers.

const SHORT = 128; // bytes: up to this length a loop copies faster than a call

/** A chunk as a Buffer, without copying bytes. */
export function toBuffer(chunk: string | Uint8Array): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk);
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** A copy of the first bytes of a buffer. */
export function copyOf(buffer: Buffer, length: number): Buffer {
  const chunk = Buffer.allocUnsafe(length);
  if (length > SHORT) buffer.copy(chunk, 0, 0, length);
  else for (let i = 0; i < length; i++) chunk[i] = buffer[i]!;
  return chunk;
}
