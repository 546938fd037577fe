// Socket.IO with its Redis adapter: node server.js <port> <socket of Redis>
import { createServer } from "node:http"
import { createAdapter } from "@socket.io/redis-adapter"
import { createClient } from "redis"
import { Server } from "socket.io"

const [port, path] = process.argv.slice(2)
const publisher = createClient({ socket: { path } })
const subscriber = publisher.duplicate()
await Promise.all([publisher.connect(), subscriber.connect()])

const http = createServer((request, response) => response.end())
const io = new Server(http, { adapter: createAdapter(publisher, subscriber), serveClient: false })
io.on("connection", (socket) => socket.join(socket.handshake.query.room))
http.listen({ port, host: "127.0.0.1", backlog: 4096 })
