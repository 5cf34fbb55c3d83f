"""Servers with TLS, as shell programs: `CERTIFICATE`, `KEY`, `PORT` and `WHO` say how."""

SERVE_POSTGRESQL = """
printf %s "$CERTIFICATE" > /etc/server.pem
printf %s "$KEY" > /etc/server.key
chown postgres /etc/server.pem /etc/server.key
chmod 600 /etc/server.key
printf "ssl = on\\nssl_cert_file = '/etc/server.pem'\\nssl_key_file = '/etc/server.key'\\n" \
    >> /var/lib/postgresql/lab/postgresql.conf
exec serve-postgres "$PORT"
"""
# One statement a line: that is all that an init file may have.
SERVE_MARIADB = """
printf %s "$CERTIFICATE" > /etc/server.pem
printf %s "$KEY" > /etc/server.key
cat > /etc/init.sql <<SQL
CREATE DATABASE app;
CREATE USER app IDENTIFIED BY 's3cret';
GRANT ALL ON app.* TO app;
CREATE TABLE app.who (name text);
INSERT INTO app.who VALUES ('$WHO');
SQL
exec mariadbd --user=root --port="$PORT" --bind-address=0.0.0.0 --skip-name-resolve \
    --init-file=/etc/init.sql --ssl-cert=/etc/server.pem --ssl-key=/etc/server.key
"""
_CERTIFICATE = """
printf %s "$CERTIFICATE" > /etc/server.pem
printf %s "$KEY" > /etc/server.key
"""
# Redis reads its append-only file before it answers anybody.
SERVE_REDIS = (
    _CERTIFICATE
    + r"""
cd "$(mktemp -d)"
printf '*3\r\n$3\r\nSET\r\n$3\r\nwho\r\n$%d\r\n%s\r\n' ${#WHO} "$WHO" > appendonly.aof
exec redis-server --port 0 --tls-port "$PORT" --bind '* -::*' --protected-mode no \
    --tls-cert-file /etc/server.pem --tls-key-file /etc/server.key --tls-auth-clients no \
    --tls-ca-cert-file /etc/server.pem --appendonly yes --save ''
"""
)
