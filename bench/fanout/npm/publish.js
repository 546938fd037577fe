// Publish by Socket.IO's emitter, as publishing.py does: node publish.js <socket of Redis>
import { createInterface } from "node:readline"
import { Emitter } from "@socket.io/redis-emitter"
import { createClient } from "redis"

const client = createClient({ socket: { path: process.argv[2] } })
await client.connect()
const emitter = new Emitter(client)
for await (const line of createInterface({ input: process.stdin })) {
  const space = line.indexOf(" ")
  emitter.to(line.slice(0, space)).emit("line", line.slice(space + 1))
}
client.destroy()
