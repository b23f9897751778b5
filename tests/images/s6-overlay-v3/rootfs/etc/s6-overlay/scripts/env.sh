#!/command/with-contenv bash
printf "/config" > /run/s6/container_environment/HOME
