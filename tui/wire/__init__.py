"""Formats that both the client and the demo engine speak: protobuf, and gRPC over a line of bytes."""
