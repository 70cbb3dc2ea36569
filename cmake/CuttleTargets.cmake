# cuttle_library(NAME DEPS...): the library cuttle_NAME from every .cc of the calling folder.
function(cuttle_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(sources)
    add_library(cuttle_${name} STATIC ${sources})
    target_link_libraries(cuttle_${name} PUBLIC cuttle_options ${ARGN})
  else()
    add_library(cuttle_${name} INTERFACE)
    target_link_libraries(cuttle_${name} INTERFACE cuttle_options ${ARGN})
  endif()
endfunction()

# cuttle_test(NAME LABEL DEPS...): one GoogleTest program from every *_test.cc of the calling folder.
# LABEL is unit, sim or root (root: needs network namespaces, so runs as root only).
function(cuttle_test name label)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hh)
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE cuttle_options GTest::gtest GTest::gmock GTest::gtest_main ${ARGN})
  # A path in a definition makes the compiler's cache useless in another clone: only where it is asked for.
  foreach(file ${sources} ${headers})
    file(STRINGS ${file} uses_data REGEX CUTTLE_TEST_DATA)
    if(uses_data)
      target_compile_definitions(${name}_test PRIVATE CUTTLE_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}")
      break()
    endif()
  endforeach()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 600)
  if(label STREQUAL root)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# beside_each_other(NAMES...): tests with network namespaces that look at what is so, not at when or how fast, and spend most
# of their time waiting. Two of them run at a time.
function(beside_each_other)
  foreach(name ${ARGN})
    if(TEST ${name})
      set_tests_properties(${name} PROPERTIES RUN_SERIAL OFF)
    endif()
  endforeach()
endfunction()

# leave_to_unsanitized(NAME CASES...): cases of that program, as GoogleTest's filters name them, that only crunch numbers.
# Under sanitizers they would take ten times as long and show nothing that the others do not.
function(leave_to_unsanitized name)
  if(CUTTLE_SANITIZE)
    list(JOIN ARGN ":" cases)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "GTEST_FILTER=-${cases}")
  endif()
endfunction()

# one_thread(NAMES...): tests of programs that never have two threads: ThreadSanitizer has nothing to look at.
function(one_thread)
  foreach(name ${ARGN})
    get_test_property(${name} LABELS labels)
    set_tests_properties(${name} PROPERTIES LABELS "${labels};one_thread")
  endforeach()
endfunction()

# cuttle_script_test(NAME LABEL SECONDS SCRIPT ARGUMENTS...): a test that is a shell script of the calling folder. It is
# told to end after SECONDS, and has a minute to clean up before it is killed. Status 77: it cannot run here. All but
# those of label unit have the machine to themselves.
function(cuttle_script_test name label seconds script)
  add_test(NAME ${name} COMMAND timeout --foreground --kill-after=60 ${seconds}
    bash ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN})
  math(EXPR at_last "${seconds} + 90")
  set(environment CUTTLE_ROOT=${PROJECT_SOURCE_DIR} CUTTLE_TOOLS=${PROJECT_BINARY_DIR}/tests/tools
    CUTTLE=${PROJECT_BINARY_DIR}/src/cuttle/cuttle TRACE=${PROJECT_BINARY_DIR}/src/trace/standalone/cuttle-trace)
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${at_last} SKIP_RETURN_CODE 77
    ENVIRONMENT "${environment}")
  if(NOT label STREQUAL unit)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
