// Writes and reads with three drivers, from the environment alone, and says who answered.
const { MongoClient } = require("mongodb");
const { Client } = require("pg");
const Redis = require("ioredis");

async function postgresql(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query("select name from who");
    return rows[0].name;
  } finally {
    await client.end();
  }
}

async function mongodb() {
  const client = new MongoClient(process.env.MONGO_URL, { serverSelectionTimeoutMS: 5000 });
  try {
    const notes = client.db("shop").collection("notes");
    const { insertedId } = await notes.insertOne({ by: "node" });
    if ((await notes.findOne({ _id: insertedId })).by !== "node") throw new Error("lost");
    return (await client.db("lab").collection("who").findOne()).name;
  } finally {
    await client.close();
  }
}

async function redis(...where) {
  const client = new Redis(...where, { maxRetriesPerRequest: 1, connectTimeout: 5000 });
  try {
    await client.set("note", "node");
    if ((await client.get("note")) !== "node") throw new Error("lost");
    return await client.get("who");
  } finally {
    client.disconnect();
  }
}

async function main() {
  const env = process.env;
  const who = {
    database: await postgresql(env.DATABASE_URL),
    ledger: await postgresql(env.LEDGER_URL),
    catalog: await mongodb(),
    cache: await redis(env.CACHE_URL),
    pair: await redis(env.CACHE_REDIS_PORT, env.CACHE_REDIS_HOST),
    broker: await redis(env.CELERY_BROKER_URL),
  };
  console.log(JSON.stringify({ ...who, public: env.PUBLIC_URL, pid: process.pid }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
