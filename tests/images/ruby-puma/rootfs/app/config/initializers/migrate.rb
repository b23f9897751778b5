Rails.application.config.after_initialize do
  ActiveRecord::Tasks::DatabaseTasks.migrate if ENV['RUN_MIGRATIONS'] != 'false'
end
