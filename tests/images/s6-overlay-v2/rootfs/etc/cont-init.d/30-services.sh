#!/usr/bin/with-contenv bash
set -e
mkdir -p /etc/services.d/nginx
cat > /etc/services.d/nginx/run <<EOL
#!/usr/bin/execlineb -P
with-contenv
nginx -g "daemon off;"
EOL
chmod +x /etc/services.d/nginx/run
if [ "${WITH_TRAPS:-0}" = "1" ]; then
  mkdir -p /etc/services.d/traps
  cat > /etc/services.d/traps/run <<EOL
#!/usr/bin/execlineb -P
with-contenv
snmptrapd -f -Lo
EOL
  chmod +x /etc/services.d/traps/run
fi
