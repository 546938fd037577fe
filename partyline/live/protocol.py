"""Daphne's WebSocket protocol, which counts its client's frames and keeps little while it idles."""

import time

from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

# What is needed until the socket is open, and never again.
HANDSHAKE = frozenset(
    """
    _raw_query_string _transport_details _wskey application_deferred clean_headers http_headers
    http_request_data http_request_host http_request_params http_request_path http_request_uri
    http_response_data http_status_line is_open protocol_to_accept root_path send_queue server_addr
    websocket_extensions websocket_extensions_in_use websocket_origin websocket_protocols
    """.split()
)
# What autobahn sets on each instance, and what it stays as long as nothing special happens.
UNSET = """
    _perMessageCompress autoPingPendingCall autoPingPendingSent autoPingPending autoPingTimeoutCall
    closeHandshakeTimeoutCall current_frame localCloseCode localCloseReason openHandshakeTimeoutCall
    remoteCloseCode remoteCloseReason trackedTimings wasNotCleanReason websocket_protocol_in_use
""".split()
FALSE = """
    closedByMe droppedByMe failedByMe inside_message triggered wasClean wasCloseHandshakeTimeout
    wasMaxFramePayloadSizeExceeded wasMaxMessagePayloadSizeExceeded wasOpenHandshakeTimeout
    wasServerConnectionDropTimeout wasServingFlashSocketPolicyFile
""".split()


class LiveProtocol(WebSocketProtocol):
    """One client's connection."""

    raw = None  # the extension websocket.raw
    send_queue = ()  # autobahn's, for writes in chunks, which Daphne never asks for
    allowance = metered = None

    def succeedHandshake(self, response):
        """Open the socket, and let go of what that took; a dictionary that has shrunk stays large."""
        super().succeedHandshake(response)
        if self.state == self.STATE_OPEN:
            self.request.headers = self.request.params = None  # its path is logged at the end
            shared, missing = type(self), object()
            self.__dict__ = {
                name: value
                for name, value in vars(self).items()
                if name not in HANDSHAKE and getattr(shared, name, missing) is not value
            }

    def onFrameEnd(self):
        """Cut a client of too many frames: pings and empty fragments never reach the application."""
        rate = settings.WS_FRAMES_PER_SECOND * 5  # the consumer, which counts messages, answers before
        now = time.monotonic()
        if self.allowance is None:
            self.allowance, self.metered = rate * 10, now
        self.allowance = min(rate * 10, self.allowance + (now - self.metered) * rate) - 1
        self.metered = now
        if self.allowance < 0:
            self.dropConnection(abort=True)
            return False
        return super().onFrameEnd()

    def connectionLost(self, reason):
        """Leave no cycle behind, which only the garbage collector would find."""
        super().connectionLost(reason)
        self.is_closed = None


def protocol_of(factory):
    """Return the class whose instances share what each would copy from Daphne's factory."""
    options = {name: getattr(factory, name) for name in WebSocketProtocol.CONFIG_ATTRS}
    options = {name: staticmethod(each) if callable(each) else each for name, each in options.items()}
    options |= dict.fromkeys(UNSET) | dict.fromkeys(FALSE, False)
    return type("SharedOptions", (LiveProtocol,), options | {"CONFIG_ATTRS": ()})
