"""Measures a running site from outside, over HTTP and WebSockets; knows nothing of its code."""
