require_relative "boot"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
Bundler.require

module Orders
  class Application < Rails::Application
    config.load_defaults 6.1
    config.api_only = true
    config.eager_load = true
    config.hosts.clear
    config.public_file_server.enabled = true
    config.log_level = :info
    config.logger = ActiveSupport::Logger.new($stdout)
    config.active_record.dump_schema_after_migration = false
    config.secret_key_base = "an API without sessions signs nothing"
    config.x.settings = config_for(root.join("config/settings.yml"))
  end
end
