"""The keywords that each ADO.NET driver takes.

Each driver raises on a keyword that it does not know, so the keywords of a text show
which drivers can read it. They stand here in lower case, without spaces, ``_`` and
``-``. That lets through a little more than the drivers do, which only makes more of
them plausible. Sources: the synonym tables of SqlConnectionOptions,
NpgsqlConnectionStringBuilder (and words of older versions), MySqlConnector and
Connector/NET. Oracle's and SQLite's are not from their sources, because they only
serve to doubt a text that may be theirs.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_COMMON = (
    "applicationname commandtimeout connectionlifetime connectiontimeout connecttimeout "
    "database maxpoolsize minpoolsize password persistsecurityinfo pooling pwd server uid "
    "user userid timeout enlist "
)

SQLCLIENT = _words(
    _COMMON + "addr address app applicationintent attachdbfilename attestationprotocol "
    "authentication columnencryption columnencryptionsetting connectionidletimeout "
    "connectionreset connectretrycount connectretryinterval contextconnection "
    "currentlanguage datasource enclaveattestationurl encrypt extendedproperties "
    "failoverpartner failoverpartnerspn hostnameincertificate initialcatalog "
    "initialfilename integratedsecurity ipaddresspreference language loadbalancetimeout "
    "multipleactiveresultsets multisubnetfailover net network networkaddress "
    "networklibrary packetsize poolblockingperiod replication servercertificate serverspn "
    "transactionbinding transparentnetworkipresolution trustedconnection "
    "trustservercertificate typesystemversion userinstance workstationid wsid"
)

NPGSQL = _words(
    _COMMON + "arraynullabilitymode autoprepareminusages backendtimeouts "
    "cancellationtimeout channelbinding checkcertificaterevocation clientcertificate "
    "clientcertificatekey clientencoding connectionidlelifetime connectionpruninginterval "
    "continuousprocessing convertinfinitydatetime db encoding entityadmindatabase "
    "entitytemplatedatabase gssencryptionmode host hostrecheckseconds includeerrordetail "
    "includeerrordetails includefailedbatchedcommand includerealm integratedsecurity "
    "internalcommandtimeout keepalive kerberosservicename krbsrvname loadbalancehosts "
    "loadbalancetimeout loadtablecomposites logparameters maxautoprepare maximumpoolsize "
    "minimumpoolsize multiplexing noresetonclose options passfile port preloadreader psw "
    "readbuffersize replicationmode requireauth rootcertificate searchpath "
    "servercompatibilitymode socketreceivebuffersize socketsendbuffersize sslcertificate "
    "sslkey sslmode sslnegotiation sslpassword targetsessionattributes tcpkeepalive "
    "tcpkeepaliveinterval tcpkeepalivetime timezone trustservercertificate useperfcounters "
    "username usesslstream writebuffersize writecoalescingbufferthresholdbytes"
)

MYSQL = _words(
    _COMMON.replace("timeout enlist", "") + "addr address allowbatch allowloadlocalinfile "
    "allowloadlocalinfileinpath allowpublickeyretrieval allowuservariables "
    "allowzerodatetime autoenlist blobasutf8excludepattern blobasutf8includepattern "
    "cacertificatefile cacheserverproperties cancellationtimeout certificatefile "
    "certificatepassword certificatestorelocation certificatethumbprint characterset "
    "charset checkparameters commandinterceptors compress connectionidlepingtime "
    "connectionidletimeout connectionprotocol connectionreset convertzerodatetime "
    "datasource datetimekind defaultauthenticationplugin defaultcommandtimeout "
    "defaulttablecacheage deferconnectionreset dnscheckinterval dnssrv "
    "exceptioninterceptors forcesynchronous functionsreturnstring guidformat host "
    "ignorecommandtransaction ignoreprepare includesecurityasserts initialcatalog "
    "integratedsecurity interactive interactivesession keepalive kerberosauthmode "
    "loadbalance logging maximumpoolsize minimumpoolsize networkaddress "
    "nobackslashescapes ociconfigfile ociconfigprofile oldguids openididentitytoken "
    "password1 password2 password3 perfmon pipe pipelining pipename port procedurecache "
    "procedurecachesize protocol pwd1 pwd2 pwd3 replication respectbinaryflags "
    "serverredirectionmode serverrsapublickeyfile serverspn sharedmemoryname "
    "skipcertificaterevocationcheck sqlservermode sslca sslcapwd sslcert sslkey sslmode "
    "tablecache tablecaching tlsciphersuites tlsversion treatblobsasutf8 "
    "treattinyasboolean usageadvisor useaffectedrows usecompression "
    "usedefaultcommandtimeoutforef useperfmon useperformancemonitor username "
    "useusageadvisor usexatransactions"
)

ORACLE = _words(
    "connectionlifetime connectiontimeout contextconnection datasource dbaprivilege "
    "decrpoolsize enlist haevents incrpoolsize loadbalancing maxpoolsize metadatapooling "
    "minpoolsize password persistsecurityinfo pooling promotabletransaction "
    "proxypassword proxyuserid selftuning statementcachepurge statementcachesize userid "
    "validateconnection"
)

SQLITE = _words(
    "baseschemaname binaryguid busytimeout cache cachesize commandtimeout datasource "
    "datetimeformat datetimekind defaulttimeout failifmissing filename flags foreignkeys "
    "fulluri journalmode legacyformat maxpagecount mode newversion nosharedflags "
    "pagesize password pooling readonly recursivetriggers synchronous uri "
    "useutf16encoding version vfs"
)

GO_AND_NODE = SQLCLIENT | _words(
    "additionallyallowedtenants appname applicationclientid async asynchronousprocessing "
    "certificate changepassword clientcertpath clientid clientsecret dialtimeout "
    "disableinstancediscovery disableretry domain epaenabled failoverport fedauth "
    "guidconversion keepalive krb5configfile krb5credcachefile krb5dnslookupkdc krb5keytabfile "
    "krb5realm krb5udppreferencelimit authenticator log msiendpoint msisecret notraceid options "
    "parsejson pipe port protocol requesttimeout resourceid sendcertificatechain "
    "serviceconnectionid stream systemtoken tenantid timezone tlsmin token tokenfilepath useutc"
)
"""go-mssqldb's (msdsn/conn_str.go) and node-mssql's (lib/base/connection-pool.js): SqlClient's and
their own. Both read a text with other keywords as well, but other drivers take those too."""

EASYNETQ = _words(
    "amqp cancelonhafailover connectintervalattempt consumerdispatcherconcurrency "
    "dispatcherqueuesize host mandatorypublish name password persistentmessages platform port "
    "prefetchcount product publisherconfirms requestedheartbeat timeout usebackgroundthreads "
    "username virtualhost"
)
"""EasyNetQ's, of all versions (ConnectionStringGrammar)."""

CLICKHOUSE = _words(
    "compression database host jsonreadmode jsonwritemode password path port protocol "
    "readbuffersize readstringsasbytearrays roles sessionid timeout usecustomdecimals "
    "useformdataparameters username useservertimezone usesession"
)
"""ClickHouse.Driver's and ClickHouse.Client's (ClickHouseConnectionStringBuilder)."""

FIREBIRD = _words(
    "app applicationname cachepages characterset charset clientlibrary commandtimeout "
    "compression connectionlifetime connectiontimeout cryptkey database datasource dialect "
    "enlist fetchsize host initialcatalog isolationlevel maxpoolsize minpoolsize "
    "nodatabasetriggers nodbtriggers nogarbagecollect packetsize pagebuffers parallel "
    "parallelworkers password pooling port portnumber recordsaffected role rolename server "
    "servertype timeout uid user userid username userpassword wirecompression wirecrypt"
)
"""The Firebird provider's (FirebirdSql.Data.Common, ConnectionString.Synonyms)."""

VERTICA = _words(
    "binarytransfer connectionloadbalance connectiontimeout connsettings database "
    "directbatchinsert host integratedsecurity isolationlevel kerberoshostname "
    "kerberosservicename label loadbalancetimeout maxpoolsize minpoolsize password pooling port "
    "preferredaddressfamily readonly resultbuffersize ssl timeout user"
)
"""Vertica's ("ADO.NET Connection Properties"), but no ``BackupServerNode``, which is an address."""

POCO_MYSQL = _words(
    "autoreconnect characterset compress db failreadonly host password port reset secureauth user"
)
"""POCO's for MySQL, in C++ (Data/MySQL, SessionImpl). It has the form of these, and no scheme."""

SERVERS = frozenset(("server", "datasource", "addr", "address", "networkaddress"))
"""The keywords that name the server for the drivers of SQL Server."""


ADDRESSES = frozenset(
    ("server", "host", "datasource", "addr", "address", "networkaddress", "fulluri")
)
"""The keywords that name the server, for one driver or another."""
