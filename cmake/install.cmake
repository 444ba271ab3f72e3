# What `cmake --install` puts where: programs, units, users, examples, manual pages and documentation.

set(systemd_dir lib/systemd/system)
set(sysusers_dir lib/sysusers.d)
set(example_dir ${CMAKE_INSTALL_DATADIR}/doc/imagehub/examples)
set(packaging ${CMAKE_SOURCE_DIR}/packaging)

install(TARGETS imagehub imagenode RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The units name the programs by their full path. It is known only now, since --prefix can still change it.
install(CODE "
  set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  foreach(unit imagehub.service imagenode.service imagenode@.service)
    configure_file(\"${packaging}/systemd/\${unit}\" \"${CMAKE_BINARY_DIR}/packaging/\${unit}\" @ONLY)
    file(INSTALL \"${CMAKE_BINARY_DIR}/packaging/\${unit}\"
         DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${systemd_dir}\")
  endforeach()
")
foreach(program imagehub imagenode)
  install(FILES ${packaging}/systemd/${program}.sysusers DESTINATION ${sysusers_dir} RENAME ${program}.conf)
  install(FILES ${packaging}/man/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endforeach()

install(FILES ${packaging}/systemd/imagenode.udev DESTINATION lib/udev/rules.d RENAME 60-imagenode.rules)

# The services read /etc/imagehub/imagehub.yaml and /etc/imagenode/imagenode.yaml. These are the user's: examples to copy
# are installed, the hub's with the folder that its service may write to.
file(READ ${CMAKE_SOURCE_DIR}/imagehub.yaml hub_settings)
string(REPLACE "  #data_directory: imagehub_data" "  data_directory: /var/lib/imagehub" hub_settings "${hub_settings}")
file(WRITE ${CMAKE_BINARY_DIR}/packaging/imagehub.yaml "${hub_settings}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/imagehub.yaml)
install(FILES ${CMAKE_BINARY_DIR}/packaging/imagehub.yaml ${CMAKE_SOURCE_DIR}/imagenode.yaml DESTINATION ${example_dir})

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/imagehub)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/imagehub/docs)
